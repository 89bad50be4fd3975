import * as v from "valibot";
import { BINDING_LABEL, kinds } from "./kinds.ts";
import { type Meta, objectSchema, readObject } from "./meta.ts";

const text = v.optional(v.string(), "");

const podSchema = objectSchema({
  spec: v.object({
    nodeName: text,
    hostNetwork: v.optional(v.boolean(), false),
    serviceAccountName: text,
  }),
  status: v.optional(
    v.object({
      phase: text,
      podIP: text,
      podIPs: v.optional(v.nullable(v.array(v.object({ ip: v.string() })), []), []),
    }),
    {},
  ),
});

/** What we read of a Pod. */
export type Pod = {
  readonly meta: Meta;
  readonly nodeName: string;
  readonly hostNetwork: boolean;
  readonly serviceAccount: string;
  readonly phase: string;
  /** All addresses of the pod, the first one first; empty while it has none. */
  readonly addresses: readonly string[];
};

/** Reads a Pod. @throws Fault OBJECT_INVALID */
export function readPod(raw: unknown): Pod {
  const { metadata, spec, status } = readObject(podSchema, kinds.pod, raw);
  const addresses = new Set([status.podIP, ...status.podIPs.map(({ ip }) => ip)].filter((ip) => ip !== ""));
  return {
    meta: metadata,
    nodeName: spec.nodeName,
    hostNetwork: spec.hostNetwork,
    serviceAccount: spec.serviceAccountName,
    phase: status.phase,
    addresses: [...addresses],
  };
}

/** The value of the label `aadpodidbinding`; empty when the pod has none. */
export function bindingLabel(pod: Pod): string {
  return pod.meta.labels[BINDING_LABEL] ?? "";
}

/** Whether the pod's containers have ended for good. */
export function isFinished(pod: Pod): boolean {
  return pod.phase === "Succeeded" || pod.phase === "Failed";
}

/** Whether it was told to end, and may still run for as long as its grace period lasts. */
export function isTerminating({ meta }: Pod): boolean {
  return meta.deletionTimestamp !== "";
}
