import type { Pod } from "kubernetes-types/core/v1.d.ts";
import type { Variables } from "./environment.ts";
import type { Command } from "./programs.ts";

/** How the containers of a pod reach what is around them. */
export type PodEntry = {
  /** What every container is told of it; the container's own variables win. */
  readonly variables: Variables;
  /** The command line by which a program runs there. */
  readonly enter: (command: Command) => Command;
};
/** The network of one pod, which all of its containers share. Disposing of it takes the pod off. */
export type PodNetwork = PodEntry &
  AsyncDisposable & {
    /** Resolves when it is gone though nobody disposed of it; nobody can be let in then. */
    readonly lost?: Promise<void>;
  };

/** What connects the pods of a node. */
export type NodeNetwork = {
  /** For pods on the node's own network. */
  readonly own: PodEntry;
  /** Connects a pod that has this address of its own. @throws Error where the machine cannot */
  readonly attach: (address: string, pod: Pod) => Promise<PodNetwork>;
  /** Resolves when the node's own is gone, with what has ended. */
  readonly lost?: Promise<string>;
};

/** Nothing around the pods but this machine itself. */
export const machineEntry: PodEntry = { variables: {}, enter: (command) => command };
