import type { Assignment } from "../../api/assignment.ts";
import { type Identity, identityKey } from "../../api/identity.ts";
import { objectKey } from "../../api/meta.ts";
import type { Live } from "../ports.ts";

export type EvictOptions = {
  readonly node: string;
  readonly identities: Live<Identity>;
  /** Indexed by `assignmentIndexes`. */
  readonly assignments: Live<Assignment>;
  readonly tokens: { evict(identity: Identity): void };
};

/**
 * Has tokens forgotten once their identity was deleted or got other IDs, or no pod of this node has it any more. That
 * keeps nothing from being served, since every answer is authorised anew; it ends refreshes nobody may use.
 *
 * Tokens belong to an identity of Azure, which several objects may name. They stay while a pod of this node has them
 * through another object: whoever may write an AzureIdentity could otherwise throw away the tokens of anybody.
 */
export function evictUnused({ node, identities, assignments, tokens }: EvictOptions): Disposable {
  const isInUse = (identity: Identity, isUse: (use: Assignment) => boolean) =>
    assignments
      .by("identity", identityKey(identity))
      .some((use) => use.nodeName === node && isServing(use) && isUse(use));
  const ends = [
    identities.onChange(({ before, after }) => {
      if (before === undefined || hasSameIds(before, after)) return;
      const isOfAnother = (use: Assignment) => objectKey(use.identity.meta) !== objectKey(before.meta);
      if (!isInUse(before, isOfAnother)) tokens.evict(before);
    }),
    assignments.onChange(({ before, after }) => {
      if (before === undefined || (isServing(after) && hasSameIds(before.identity, after?.identity))) return;
      if (!isInUse(before.identity, () => true)) tokens.evict(before.identity);
    }),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const end of ends) end();
    },
  };
}

/** Whether an identity still names the same one in Azure. */
export function hasSameIds(before: Identity, after: Identity | undefined): boolean {
  return before.clientId === after?.clientId && before.resourceId === after.resourceId && before.type === after.type;
}

function isServing(record: Assignment | undefined): boolean {
  return record !== undefined && (record.state === "Assigned" || record.state === "");
}
