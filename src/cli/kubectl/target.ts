import type { Kind } from "../../api/kinds.ts";
import { asRecord, asText } from "../../kube/wire.ts";

/** An object as a file or the API server has it. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
};

/** A value as an object. @throws TypeError for one that says neither its kind nor its name */
export function asObject(value: unknown): KubeObject {
  const { apiVersion, kind, metadata } = asRecord(value);
  if (asText(apiVersion) === "" || asText(kind) === "" || asText(asRecord(metadata).name) === "")
    throw new TypeError("a Kubernetes object has an apiVersion, a kind and a name");
  return value as KubeObject;
}

/** `azureidentity.aadpodidentity.k8s.io`, as `kubectl` writes before a name. */
export function singularOf({ kind, group }: Kind): string {
  return kind.toLowerCase() + (group === "" ? "" : `.${group}`);
}
