import type { ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from "kubernetes-types/core/v1.d.ts";

/** Where the container of a pod is in its life. Times are in milliseconds since 1970. */
export type ContainerLife =
  | { readonly is: "waiting"; readonly reason: string; readonly message?: string; readonly at: number }
  | { readonly is: "running"; readonly pid: number; readonly at: number }
  | { readonly is: "ended"; readonly pid: number; readonly from: number; readonly at: number; readonly code: number };

export type PodLife = {
  readonly startedAt: number;
  readonly podAddress: string;
  readonly hostAddress: string;
  readonly container: ContainerLife;
  /** How the run before this one ended. */
  readonly last?: ContainerLife;
  readonly restarts: number;
  /** Nothing will run any more. */
  readonly over: boolean;
};

/** What the API server is told of a pod: everything that a kubelet owns of its status. */
export function podStatus(pod: Pod, life: PodLife): PodStatus {
  return {
    phase: phaseOf(life),
    conditions: conditionsOf(life),
    hostIP: life.hostAddress,
    hostIPs: [{ ip: life.hostAddress }],
    podIP: life.podAddress,
    podIPs: [{ ip: life.podAddress }],
    startTime: kubeTime(life.startedAt),
    containerStatuses:
      pod.spec?.containers.slice(0, 1).map(({ name, image = "" }) => containerStatus(name, image, life)) ?? [],
  };
}

function phaseOf({ over, container, last }: PodLife): "Pending" | "Running" | "Succeeded" | "Failed" {
  if (over) return container.is === "ended" && container.code === 0 ? "Succeeded" : "Failed";
  return container.is === "waiting" && last === undefined ? "Pending" : "Running";
}

function conditionsOf({ startedAt, container }: PodLife): PodCondition[] {
  const ready = container.is === "running";
  const condition = (type: string, holds: boolean, at: number): PodCondition => ({
    type,
    status: holds ? "True" : "False",
    lastTransitionTime: kubeTime(at),
  });
  return [
    condition("PodScheduled", true, startedAt),
    condition("Initialized", true, startedAt),
    condition("ContainersReady", ready, container.at),
    condition("Ready", ready, container.at),
  ];
}

function containerStatus(name: string, image: string, { container, last, restarts }: PodLife): ContainerStatus {
  const running = container.is === "running";
  return {
    name,
    image,
    imageID: "",
    ready: running,
    started: running,
    restartCount: restarts,
    state: containerState(container),
    ...(last === undefined ? {} : { lastState: containerState(last) }),
    ...(container.is === "waiting" ? {} : { containerID: `process://${container.pid}` }),
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
