import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from "kubernetes-types/core/v1.d.ts";

/** Where a container is in its life. Times are in milliseconds since 1970. */
export type ContainerLife =
  | { readonly is: "waiting"; readonly reason: string; readonly message?: string; readonly at: number }
  | { readonly is: "running"; readonly pid: number; readonly at: number }
  | { readonly is: "ended"; readonly pid: number; readonly from: number; readonly at: number; readonly code: number };

/** A container as its pod's status shows it. */
export type ContainerView = {
  readonly life: ContainerLife;
  /** How the run before this one ended. */
  readonly last?: ContainerLife;
  readonly restarts: number;
  /** What its probes say; of one that runs. */
  readonly isStarted: boolean;
  readonly isReady: boolean;
  /** When that changed last. */
  readonly since: number;
};

/** Why a pod was ended before it was done. */
export type PodFailure = { readonly reason: string; readonly message: string };

export type PodLife = {
  readonly startedAt: number;
  readonly podAddress: string;
  readonly hostAddress: string;
  /** In the order of the pod's own. */
  readonly init: readonly ContainerView[];
  readonly containers: readonly ContainerView[];
  /** Nothing will run any more. */
  readonly over: boolean;
  readonly failure?: PodFailure | undefined;
};

type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

/** Whether a container that prepares the pod stays, beside the others. */
export function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === "Always";
}

/** What the API server is told of a pod: everything that a kubelet owns of its status. */
export function podStatus({ spec }: Pod, life: PodLife): PodStatus {
  const init = (spec?.initContainers ?? []).map((container, i) => ({
    stays: isSidecar(container),
    view: life.init[i],
  }));
  const first = init.flatMap(({ stays, view }) =>
    view === undefined ? [] : [stays ? besideOthers(view) : asPrepared(view)],
  );
  return {
    phase: phaseOf(life, first),
    ...(life.over && life.failure),
    conditions: conditionsOf(life, first),
    hostIP: life.hostAddress,
    hostIPs: [{ ip: life.hostAddress }],
    podIP: life.podAddress,
    podIPs: [{ ip: life.podAddress }],
    startTime: kubeTime(life.startedAt),
    ...(first.length > 0 && { initContainerStatuses: statuses(spec?.initContainers ?? [], first) }),
    containerStatuses: statuses(spec?.containers ?? [], life.containers),
  };
}

function statuses(containers: readonly Container[], views: readonly ContainerView[]): ContainerStatus[] {
  return containers.flatMap(({ name, image = "" }, i) => {
    const view = views[i];
    return view === undefined ? [] : [containerStatus(name, image, view)];
  });
}

/** Whether it has ended well. */
export function isDone({ life }: ContainerView): boolean {
  return life.is === "ended" && life.code === 0;
}

/** A container that prepares the pod: whether the next may begin, and whether it has no more to do when all else has ended. */
type FirstView = ContainerView & { readonly letsOn: boolean; readonly stays: boolean };

/** One that prepares is ready once it is done. */
function asPrepared(view: ContainerView): FirstView {
  return { ...view, isReady: isDone(view), isStarted: false, letsOn: isDone(view), stays: false };
}

/** One that stays has to have started once. */
function besideOthers(view: ContainerView): FirstView {
  return { ...view, letsOn: view.isStarted || view.last !== undefined, stays: true };
}

function phaseOf({ over, failure, containers }: PodLife, first: readonly FirstView[]): PodPhase {
  if (over && failure !== undefined) return "Failed";
  if (over)
    return containers.every(isDone) && first.every((view) => view.stays || isDone(view)) ? "Succeeded" : "Failed";
  const isNew = ({ life, last }: ContainerView) => life.is === "waiting" && last === undefined;
  return first.every(({ letsOn }) => letsOn) && !containers.some(isNew) ? "Running" : "Pending";
}

function conditionsOf({ startedAt, containers }: PodLife, first: readonly FirstView[]): PodCondition[] {
  const isInitialised = first.every(({ letsOn }) => letsOn);
  const beside = first.filter(({ stays }) => stays);
  const isReady = isInitialised && [...beside, ...containers].every((view) => view.isReady);
  const condition = (type: string, holds: boolean, at: number): PodCondition => ({
    type,
    status: holds ? "True" : "False",
    lastTransitionTime: kubeTime(at),
  });
  const latest = (views: readonly ContainerView[]) => Math.max(startedAt, ...views.map(({ since }) => since));
  return [
    condition("PodScheduled", true, startedAt),
    condition("Initialized", isInitialised, latest(first)),
    condition("ContainersReady", isReady, latest([...beside, ...containers])),
    condition("Ready", isReady, latest([...beside, ...containers])),
  ];
}

function containerStatus(
  name: string,
  image: string,
  { life, last, restarts, isReady, isStarted }: ContainerView,
): ContainerStatus {
  return {
    ...{ name, image, imageID: "", ready: isReady, started: isStarted, restartCount: restarts },
    state: containerState(life),
    ...(last === undefined ? {} : { lastState: containerState(last) }),
    ...(life.is === "waiting" ? {} : { containerID: `process://${life.pid}` }),
  };
}

function containerState(life: ContainerLife): ContainerState {
  if (life.is === "running") return { running: { startedAt: kubeTime(life.at) } };
  if (life.is === "waiting") {
    const { reason, message } = life;
    return { waiting: { reason, ...(message === undefined ? {} : { message }) } };
  }
  return {
    terminated: {
      exitCode: life.code,
      reason: life.code === 0 ? "Completed" : "Error",
      startedAt: kubeTime(life.from),
      finishedAt: kubeTime(life.at),
      containerID: `process://${life.pid}`,
    },
  };
}

/** Kubernetes writes whole seconds. */
export function kubeTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
