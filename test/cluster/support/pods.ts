import { imageOf } from "./images.ts";
import { trust } from "./release.ts";

export type PodWishes = {
  /** Value of the label that leads to identities; null leaves the label out. */
  readonly selector?: string | null;
  readonly node?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** More of the spec, init containers say. */
  readonly spec?: object;
};

/** A pod to be made. */
export type PodObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: object };
  readonly spec: object;
};

/** A container that waits, in which programs can be run. */
export const waiting = {
  name: "main",
  image: imageOf("identityvalidator"),
  args: ["--sleep"],
  env: [trust],
  imagePullPolicy: "IfNotPresent",
} as const;

/** A container that checks what the flags say, and ends. */
export const checking = (name: string, flags: readonly string[]) => ({ ...waiting, name, args: flags });

export function podOf(
  namespace: string,
  name: string,
  { selector, node, labels = {}, spec = {} }: PodWishes,
): PodObject {
  const bound = selector == null ? {} : { aadpodidbinding: selector };
  const where = node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": `node${node}` } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { ...bound, ...labels } },
    spec: { terminationGracePeriodSeconds: 1, containers: [waiting], ...where, ...spec },
  };
}
