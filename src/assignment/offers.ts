import type { Binding } from "../api/binding.ts";
import { type Identity, identityProblem } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import { resourceKey } from "../api/resource-id.ts";
import type { Note } from "./types.ts";

type Flaw = { readonly code: "identity-missing" | "identity-invalid"; readonly detail: string };
/** What a binding gives to the pods that it selects: its identity, or what is wrong with that. */
export type Offer = {
  readonly binding: Binding;
  readonly offered:
    | { readonly identity: Identity; readonly resourceId: string }
    | { readonly flaw: Flaw; readonly identity?: Identity };
};

type Offers = { readonly bySelector: ReadonlyMap<string, readonly Offer[]>; readonly notes: readonly Note[] };

/** Bindings by selector, the heaviest first; each identity is offered once a selector. */
export function offersOf(bindings: readonly Binding[], identities: readonly Identity[]): Offers {
  const judged = new Map(identities.map((identity) => [objectKey(identity.meta), judge(identity)]));
  const bySelector = new Map<string, Map<string, Offer>>();
  const notes: Note[] = [];
  for (const offered of judged.values()) {
    if ("flaw" in offered) notes.push({ ...offered.flaw, identity: offered.identity });
  }
  for (const binding of [...bindings].sort(byWeight)) {
    const key = `${binding.meta.namespace}/${binding.identityName}`;
    const offered = judged.get(key) ?? { flaw: missing(key) };
    if (!judged.has(key)) notes.push({ ...missing(key), binding });
    const sameSelector = bySelector.get(binding.selector) ?? new Map<string, Offer>();
    bySelector.set(binding.selector, sameSelector);
    if (!sameSelector.has(key)) sameSelector.set(key, { binding, offered });
  }
  return { bySelector: new Map([...bySelector].map(([selector, offers]) => [selector, [...offers.values()]])), notes };
}

function judge(identity: Identity) {
  const detail = identityProblem(identity);
  if (detail === undefined) return { identity, resourceId: resourceKey(identity.resourceId) };
  return { identity, flaw: { code: "identity-invalid" as const, detail } };
}

function missing(key: string): Flaw {
  return { code: "identity-missing", detail: `there is no AzureIdentity ${key}` };
}

function byWeight(a: Binding, b: Binding): number {
  if (a.weight !== b.weight) return b.weight - a.weight;
  return objectKey(a.meta) < objectKey(b.meta) ? -1 : 1;
}
