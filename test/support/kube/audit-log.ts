import { readFile } from "node:fs/promises";
import { auditLogOf, type ControlPlaneAddress } from "./control-plane.ts";
import { type Manifest, rbacKinds } from "./rbac.ts";

/** What a service account asked of the API server. */
export type AuditedCall = {
  readonly user: string;
  /** Whose token it was; empty where no pod's. */
  readonly pod: string;
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  /** With the subresource, as roles name it; a path where no resource was asked for. */
  readonly resource: string;
  /** Empty for what concerns the whole cluster; so is the name for what concerns a collection. */
  readonly namespace: string;
  readonly name: string;
  /** Whether it was answered with 403, by whomever. */
  readonly isForbidden: boolean;
  /** What the API server said of a failure. */
  readonly message: string;
  /** When it was answered, in milliseconds since 1970. */
  readonly at: number;
};

/** A role or a binding as it was written, or that is not there any more. */
export type PermissionChange = { readonly object: Manifest; readonly isRemoved: boolean; readonly at: number };

export type Audit = { readonly calls: readonly AuditedCall[]; readonly permissions: readonly PermissionChange[] };

type Line = {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  readonly objectRef?: Readonly<
    Partial<Record<"apiGroup" | "resource" | "subresource" | "namespace" | "name", string>>
  >;
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
  readonly responseObject?: Manifest;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
};

const CREATED = 201;
const FORBIDDEN = 403;
const POD = "authentication.kubernetes.io/pod-name";

/** All calls so far of service accounts to resources, in the order of their answers. */
export async function auditedCalls({ folder }: Pick<ControlPlaneAddress, "folder">): Promise<readonly AuditedCall[]> {
  return readAudit(await readFile(auditLogOf(folder), "utf8")).calls;
}

/** What a log tells whose policy is `test/cluster/audit-policy.yaml`. */
export function readAudit(text: string): Audit {
  const lines = text.split("\n").flatMap(readLine);
  return { calls: lines.flatMap(readCalls), permissions: lines.flatMap(readPermission) };
}

/** A line may be half written: the last one, and one at which the API server was killed. */
function readLine(line: string): readonly Line[] {
  try {
    return [JSON.parse(line) as Line];
  } catch {
    return [];
  }
}

function readPermission(line: Line): readonly PermissionChange[] {
  const { verb, objectRef: { resource, namespace, name = "" } = {}, responseObject: written, responseStatus } = line;
  const kind = Object.values(rbacKinds).find((one) => one.group !== "" && one.plural === resource)?.kind;
  if (kind === undefined || (responseStatus?.code ?? 0) >= 300) return [];
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  // It is gone before that is answered.
  if (verb === "delete")
    return [{ object: { kind, metadata }, isRemoved: true, at: timeOf(line.requestReceivedTimestamp) }];
  if (written?.kind !== kind) return []; // what a program with a service account read
  const object = { ...written, rules: written.rules ?? [], subjects: written.subjects ?? [] }; // null where there are none
  return [{ object, isRemoved: false, at: timeOf(line.stageTimestamp) }];
}

function readCalls(line: Line): readonly AuditedCall[] {
  const { verb, user, objectRef, requestURI, responseStatus: { code, message = "" } = {}, annotations = {} } = line;
  if (!user.username.startsWith("system:serviceaccount:")) return [];
  const isForbidden = annotations["authorization.k8s.io/decision"] === "forbid" || code === FORBIDDEN;
  if (objectRef === undefined && !isForbidden) return []; // discovery and the like, which anybody may ask for
  const {
    apiGroup: group = "",
    resource: whole = requestURI,
    subresource,
    namespace = "",
    name = "",
  } = objectRef ?? {};
  const resource = subresource === undefined ? whole : `${whole}/${subresource}`;
  const who = { user: user.username, pod: user.extra?.[POD]?.[0] ?? "" };
  const told = { ...who, group, resource, namespace, name, isForbidden, message, at: timeOf(line.stageTimestamp) };
  // Server-side apply of an object that is not there takes both permissions, and is called a patch.
  const verbs = verb === "patch" && code === CREATED ? ["patch", "create"] : [verb];
  return verbs.map((one) => ({ ...told, verb: one }));
}

const timeOf = (timestamp: string) => Date.parse(timestamp);
