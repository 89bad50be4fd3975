import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from "kubernetes-types/core/v1.d.ts";
import { type ContainerLife, type ContainerView, hasBegun, isDone, kubeTime } from "./container-life.ts";
import { conditionsOf, type FirstView, type Named } from "./pod-conditions.ts";

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
  const first = named(spec?.initContainers, life.init).map((view, i) =>
    isSidecar(spec?.initContainers?.[i]) ? besideOthers(view) : asPrepared(view),
  );
  const phase = phaseOf(life, first);
  const containers = named(spec?.containers, life.containers);
  return {
    phase,
    ...(life.over && life.failure),
    conditions: conditionsOf({ phase, startedAt: life.startedAt, first, containers }),
    hostIP: life.hostAddress,
    hostIPs: [{ ip: life.hostAddress }],
    podIP: life.podAddress,
    podIPs: [{ ip: life.podAddress }],
    startTime: kubeTime(life.startedAt),
    ...(first.length > 0 && { initContainerStatuses: statuses(spec?.initContainers ?? [], first) }),
    containerStatuses: statuses(spec?.containers ?? [], life.containers),
  };
}

function named(containers: readonly Container[] = [], views: readonly ContainerView[]): readonly Named[] {
  return containers.flatMap(({ name }, i) => {
    const view = views[i];
    return view === undefined ? [] : [{ ...view, name }];
  });
}

function statuses(containers: readonly Container[], views: readonly ContainerView[]): ContainerStatus[] {
  return containers.flatMap(({ name, image = "" }, i) => {
    const view = views[i];
    return view === undefined ? [] : [containerStatus(name, image, view)];
  });
}

/** One that prepares is ready once it is done. */
function asPrepared(view: Named): FirstView {
  return { ...view, isReady: isDone(view), isStarted: false, letsOn: isDone(view), stays: false };
}

/** One that stays has to have started once. */
function besideOthers(view: Named): FirstView {
  return { ...view, letsOn: view.isStarted || view.last !== undefined, stays: true };
}

function phaseOf({ over, failure, containers }: PodLife, first: readonly FirstView[]): PodPhase {
  if (over && failure !== undefined) return "Failed";
  if (over)
    return containers.every(isDone) && first.every((view) => view.stays || isDone(view)) ? "Succeeded" : "Failed";
  const isPrepared = containers.some(hasBegun) || first.every(({ letsOn }) => letsOn);
  return isPrepared && containers.every(hasBegun) ? "Running" : "Pending";
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
    ...(life.is === "waiting" ? {} : containerId(life)),
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
      ...(life.failure === undefined
        ? { reason: life.code === 0 ? "Completed" : "Error" }
        : { reason: "StartError", message: life.failure }),
      startedAt: kubeTime(life.from),
      finishedAt: kubeTime(life.at),
      ...containerId(life),
    },
  };
}

function containerId({ pid }: { readonly pid?: number }): { readonly containerID?: string } {
  return pid === undefined ? {} : { containerID: `process://${pid}` };
}
