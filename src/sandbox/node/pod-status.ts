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

export type PodLife = {
  readonly startedAt: number;
  readonly podAddress: string;
  readonly hostAddress: string;
  /** In the order of the pod's own. */
  readonly init: readonly ContainerView[];
  readonly containers: readonly ContainerView[];
  /** Nothing will run any more. */
  readonly over: boolean;
};

/** What the API server is told of a pod: everything that a kubelet owns of its status. */
export function podStatus({ spec }: Pod, life: PodLife): PodStatus {
  const init = spec?.initContainers ?? [];
  return {
    phase: phaseOf(life),
    conditions: conditionsOf(life),
    hostIP: life.hostAddress,
    hostIPs: [{ ip: life.hostAddress }],
    podIP: life.podAddress,
    podIPs: [{ ip: life.podAddress }],
    startTime: kubeTime(life.startedAt),
    ...(init.length > 0 && { initContainerStatuses: statuses(init, life.init.map(asPrepared)) }),
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

/** One that prepares is ready once it is done. */
function asPrepared(view: ContainerView): ContainerView {
  return { ...view, isReady: isDone(view), isStarted: false };
}

function phaseOf({ over, init, containers }: PodLife): "Pending" | "Running" | "Succeeded" | "Failed" {
  if (over) return containers.every(isDone) && init.every(isDone) ? "Succeeded" : "Failed";
  const isNew = ({ life, last }: ContainerView) => life.is === "waiting" && last === undefined;
  return init.every(isDone) && !containers.some(isNew) ? "Running" : "Pending";
}

function conditionsOf({ startedAt, init, containers }: PodLife): PodCondition[] {
  const isInitialised = init.every(isDone);
  const isReady = isInitialised && containers.every((view) => view.isReady);
  const condition = (type: string, holds: boolean, at: number): PodCondition => ({
    type,
    status: holds ? "True" : "False",
    lastTransitionTime: kubeTime(at),
  });
  const latest = (views: readonly ContainerView[]) => Math.max(startedAt, ...views.map(({ since }) => since));
  return [
    condition("PodScheduled", true, startedAt),
    condition("Initialized", isInitialised, latest(init)),
    condition("ContainersReady", isReady, latest(containers)),
    condition("Ready", isReady, latest(containers)),
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
