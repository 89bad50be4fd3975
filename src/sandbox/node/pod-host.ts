import { join } from "node:path";
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import type { Clock } from "../../base/clock.ts";
import type { AddressPool } from "./addresses.ts";
import type { Variables } from "./environment.ts";
import type { Guard } from "./guard.ts";
import type { NodeNetwork, PodEntry } from "./pod-network.ts";
import type { Prober } from "./prober.ts";
import type { Programs } from "./programs.ts";
import type { Told } from "./recorder.ts";
import type { RestartTimes } from "./restart-pauses.ts";
import type { PodSources } from "./sources.ts";

/** What the pods of a node share. */
export type PodHost = {
  readonly node: { readonly name: string; readonly address: string };
  readonly programs: Programs;
  readonly addresses: AddressPool;
  readonly folder: string;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly prober: Pick<Prober, "knock">;
  readonly sources: PodSources;
  /** When containers that have ended are started again. */
  readonly restarts: RestartTimes;
  /** Writes an event about a pod, or one of its containers. */
  readonly tell: (pod: Pod, told: Told, container?: Container) => void;
  /** Variables for every container of a pod; the container's own win. */
  readonly environment?: ((pod: Pod, signal: AbortSignal) => Promise<Variables> | Variables) | undefined;
  /** What connects the pods, to the metadata address above all; nothing for this machine alone. */
  readonly network?: NodeNetwork | undefined;
};

/** What the containers of a pod share. */
export type PodPlace = {
  readonly entry: PodEntry;
  readonly given: Variables;
  readonly volumes: ReadonlyMap<string, string>;
};

/** The folder that stands for a node's file system. */
export function nodeRoot(folder: string, node: string): string {
  return join(folder, "nodes", node);
}
