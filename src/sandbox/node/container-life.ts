/** Where a container is in its life. Times are in milliseconds since 1970. */
export type ContainerLife =
  | { readonly is: "waiting"; readonly reason: string; readonly message?: string; readonly at: number }
  | { readonly is: "running"; readonly pid: number; readonly at: number }
  | Ended;
type Ended = {
  readonly is: "ended";
  /** Nothing for one that could not be started. */
  readonly pid?: number;
  readonly from: number;
  readonly at: number;
  readonly code: number;
  /** Why it could not be started. */
  readonly failure?: string;
};

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

/** Whether one has run at all: what came before it is past then, even where it has ended since. */
export function hasBegun({ life, last }: ContainerView): boolean {
  return life.is !== "waiting" || last !== undefined;
}

/** Whether it has ended well. */
export function isDone({ life }: ContainerView): boolean {
  return life.is === "ended" && life.code === 0;
}

/** Kubernetes writes whole seconds. */
export function kubeTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
