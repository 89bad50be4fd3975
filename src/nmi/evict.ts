import type { Assignment } from "../api/assignment.ts";
import type { Identity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import type { Live } from "./ports.ts";

export type EvictOptions = {
  readonly identities: Live<Identity>;
  /** Indexed by `assignmentIndexes`. */
  readonly assignments: Live<Assignment>;
  readonly tokens: { evict(identity: Identity): void };
};

/**
 * Has tokens forgotten once their identity was deleted or got other IDs, or no pod of this node has it any more. That
 * keeps nothing from being served, since every answer is authorised anew; it ends refreshes nobody may use.
 */
export function evictUnused({ identities, assignments, tokens }: EvictOptions): Disposable {
  const ends = [
    identities.onChange(({ before, after }) => {
      if (before !== undefined && !hasSameIds(before, after)) tokens.evict(before);
    }),
    assignments.onChange(({ before, after }) => {
      if (before === undefined || isInUse(after)) return;
      const others = assignments.by("identity", objectKey(before.identity.meta));
      if (!others.some(isInUse)) tokens.evict(before.identity);
    }),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const end of ends) end();
    },
  };
}

function hasSameIds(before: Identity, after: Identity | undefined): boolean {
  return before.clientId === after?.clientId && before.resourceId === after.resourceId && before.type === after.type;
}

function isInUse(record: Assignment | undefined): boolean {
  return record !== undefined && (record.state === "Assigned" || record.state === "");
}
