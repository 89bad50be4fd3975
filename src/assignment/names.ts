import { createHash } from "node:crypto";
import type { Wanted } from "./types.ts";

const LONGEST_NAME = 253;
const HASH_LENGTH = 8;

type Named = { readonly namespace: string; readonly name: string };

/** What a record is for, whatever it is called: its namespace, the pod and the identity. */
export function wantedKey(namespace: string, pod: Named, identity: Named): string {
  return `${namespace} ${pod.namespace}/${pod.name} ${identity.namespace}/${identity.name}`;
}

/** The name of a new record as every release made it: pod, namespace and identity, joined by hyphens. */
function plainName({ pod, identity }: Wanted): string {
  return `${pod.meta.name}-${pod.meta.namespace}-${identity.meta.name}`;
}

/**
 * A name of the same look that no other pod and identity can have: pod `a-b` in `c` and pod `a` in `b-c` share a plain
 * name.
 */
function hashedName(wanted: Wanted): string {
  const hash = createHash("sha256").update(wanted.key).digest("hex").slice(0, HASH_LENGTH);
  const room = plainName(wanted).slice(0, LONGEST_NAME - HASH_LENGTH - 1);
  return `${room.replace(/[-.]+$/, "")}-${hash}`;
}

/** A free name for a new record in its namespace; `isTaken` sees `namespace/name`. */
export function freeName(wanted: Wanted, isTaken: (key: string) => boolean): string {
  const plain = plainName(wanted);
  return plain.length > LONGEST_NAME || isTaken(`${wanted.namespace}/${plain}`) ? hashedName(wanted) : plain;
}
