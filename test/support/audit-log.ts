import { readFile } from "node:fs/promises";
import { auditLogOf, type ControlPlaneAddress } from "./control-plane.ts";

/** What somebody asked of the API server. */
export type AuditedCall = {
  readonly user: string;
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  /** Empty for what concerns the whole cluster; so is the name for what concerns a collection. */
  readonly namespace: string;
  readonly name: string;
  readonly isForbidden: boolean;
};

type Line = {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly apiGroup?: string; resource?: string; namespace?: string; name?: string };
  readonly annotations?: Readonly<Record<string, string>>;
};

/** All calls so far of service accounts to resources, in the order of their answers. */
export async function auditedCalls({ folder }: Pick<ControlPlaneAddress, "folder">): Promise<readonly AuditedCall[]> {
  const text = await readFile(auditLogOf(folder), "utf8");
  // The last line may be half written.
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((line) => readCall(JSON.parse(line) as Line));
}

function readCall({ verb, user, objectRef, annotations = {} }: Line): readonly AuditedCall[] {
  if (objectRef === undefined) return []; // discovery and the like, which anybody may ask for
  const { apiGroup: group = "", resource = "", namespace = "", name = "" } = objectRef;
  const isForbidden = annotations["authorization.k8s.io/decision"] === "forbid";
  return [{ user: user.username, verb, group, resource, namespace, name, isForbidden }];
}
