import { createHash } from "node:crypto";
import { objectKey } from "../api/meta.ts";
import type { Wanted } from "./types.ts";

const LONGEST_NAME = 253;
const HASH_LENGTH = 8;

/** What a record is for, whatever it is called: its namespace, the pod and the identity. */
export function wantedKey({ namespace, pod, identity }: Pick<Wanted, "namespace" | "pod" | "identity">): string {
  return `${namespace} ${objectKey(pod.meta)} ${objectKey(identity.meta)}`;
}

/** The name of a new record as every release made it: pod, namespace and identity, joined by hyphens. */
function plainName({ pod, identity }: Wanted): string {
  return `${pod.meta.name}-${pod.meta.namespace}-${identity.meta.name}`;
}

/**
 * A name of the same look that no other pod and identity can have: pod `a-b` in `c` and pod `a` in `b-c` share a plain
 * name. Another turn gives another one, since a record that somebody deletes keeps its name until its successor is there.
 */
function hashedName(wanted: Wanted, turn: number): string {
  const text = turn === 0 ? wantedKey(wanted) : `${wantedKey(wanted)} ${turn}`;
  const hash = createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
  const room = plainName(wanted).slice(0, LONGEST_NAME - HASH_LENGTH - 1);
  return `${room.replace(/[-.]+$/, "")}-${hash}`;
}

/** A free name for a new record in its namespace. */
export function freeName(wanted: Wanted, isTaken: (name: string) => boolean): string {
  let name = plainName(wanted);
  for (let turn = 0; name.length > LONGEST_NAME || isTaken(name); turn += 1) {
    name = hashedName(wanted, turn);
  }
  return name;
}
