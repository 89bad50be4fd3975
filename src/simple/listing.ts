import { type Kind, kinds } from "../api/kinds.ts";
import type { Log } from "../base/log.ts";
import type { KubeClient } from "../kube/client.ts";

/** What is listed, in the original's order; it counted the first two. */
const parts: readonly { readonly kind: Kind; readonly counted?: string }[] = [
  { kind: kinds.identity, counted: "Identities" },
  { kind: kinds.binding, counted: "bindings" },
  { kind: kinds.assignment },
];
const INDENT = 4;

type ListingOptions = {
  readonly client: Pick<KubeClient, "list">;
  readonly log: Log;
  /** Takes the objects, as text. */
  readonly write: (text: string) => void;
};

/**
 * Lists AzureIdentities, bindings and AzureAssignedIdentities of all namespaces: counts in the log, objects as JSON, with
 * the keys that they have in the API. @throws Fault KUBE_*
 */
export async function listAll({ client, log, write }: ListingOptions, signal: AbortSignal): Promise<void> {
  const lists = await Promise.all(parts.map(({ kind }) => client.list(kind, {}, signal)));
  for (const [at, { counted }] of parts.entries()) {
    const objects = lists[at] ?? [];
    if (counted !== undefined) log.info(`${counted} len: ${objects.length}`);
    for (const object of objects) write(`\n${JSON.stringify(object, leaveOut, INDENT)}\n`);
  }
  write("\ndone !\n");
}

/** Who wrote which field when is longer than all the rest, and of no use here. */
function leaveOut(key: string, value: unknown): unknown {
  return key === "managedFields" ? undefined : value;
}
