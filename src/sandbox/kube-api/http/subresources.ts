import type { Resource } from "../resource.ts";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** A path below an object's, what is sent or got there, and how. */
export type Subresource = {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly Verb[];
};

const shown: readonly Verb[] = ["get", "patch", "update"];
const scale: Subresource = { name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: shown };

const own: Readonly<Record<string, readonly Subresource[]>> = {
  Pod: [
    { name: "binding", kind: "Binding", verbs: ["create"] },
    { name: "eviction", group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
    { name: "log", kind: "Pod", verbs: ["get"] },
  ],
  ServiceAccount: [
    { name: "token", group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", verbs: ["create"] },
  ],
};

/** What there is below the objects of a resource, in the order of the names. */
export function subresourcesOf(resource: Resource): readonly Subresource[] {
  const { kind, group, hasScale, hasStatus } = resource;
  return [
    ...(group === "" ? (own[kind] ?? []) : []),
    ...(hasScale ? [scale] : []),
    ...(hasStatus ? [{ name: "status", kind, verbs: shown }] : []),
  ];
}

const VERBS: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** The same in the order in which they are told of custom resources. */
const CUSTOM_VERBS: readonly Verb[] = [
  ...(["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"] as const),
];

/** What can be done with the objects of a resource. */
export function verbsOf(resource: Resource): readonly Verb[] {
  if (resource.isReview) return ["create"];
  if (resource.isCustom) return CUSTOM_VERBS;
  return resource.kind === "Namespace" ? VERBS.filter((verb) => verb !== "deletecollection") : VERBS;
}
