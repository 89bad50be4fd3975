import type { Binding } from "../../api/binding.ts";
import { type Identity, identityKey } from "../../api/identity.ts";
import { objectKey } from "../../api/meta.ts";
import { bindingLabel, isFinished, type Pod } from "../../api/pod.ts";
import type { Live } from "../ports.ts";
import { hasSameIds } from "./evict.ts";

export type EvictUnboundOptions = {
  /** The pods of this node, with `labelIndex`. */
  readonly pods: Live<Pod>;
  /** With `boundIndex`. */
  readonly bindings: Live<Binding>;
  /** With `identityIndexes`. */
  readonly identities: Live<Identity>;
  readonly tokens: { evict(identity: Identity): void };
};

/** How pods, bindings and identities are found by what connects them. */
export const labelIndex = { label: (pod: Pod): readonly string[] => (isFinished(pod) ? [] : [labelKey(pod)]) };
export const boundIndex = { identity: (binding: Binding): readonly string[] => [objectKey(identityRef(binding))] };
export const identityIndexes = { identity: (identity: Identity): readonly string[] => [identityKey(identity)] };

/** As `evictUnused`, where no records tell which pods have an identity: its bindings do. */
export function evictUnbound({ pods, bindings, identities, tokens }: EvictUnboundOptions): Disposable {
  const isUsed = (identity: Identity) =>
    bindings
      .by("identity", objectKey(identity.meta))
      .some(({ meta, selector }) => selector !== "" && pods.by("label", `${meta.namespace}/${selector}`).length > 0);
  const evictUnless = (gone: Identity, isCounted: (other: Identity) => boolean) => {
    const others = identities.by("identity", identityKey(gone)).filter(({ type }) => type === gone.type);
    if (!others.some((other) => isCounted(other) && isUsed(other))) tokens.evict(gone);
  };
  const lostBy = (binding: Binding) => {
    const identity = identities.get(identityRef(binding));
    if (identity !== undefined) evictUnless(identity, () => true);
  };
  const ends = [
    identities.onChange(({ before, after }) => {
      if (before === undefined || hasSameIds(before, after)) return;
      evictUnless(before, (other) => objectKey(other.meta) !== objectKey(before.meta));
    }),
    bindings.onChange(({ before }) => before !== undefined && lostBy(before)),
    pods.onChange(({ before, after }) => {
      if (before === undefined) return;
      if (after !== undefined && !isFinished(after) && labelKey(after) === labelKey(before)) return;
      const { namespace } = before.meta;
      const selecting = bindings.by("selector", bindingLabel(before));
      for (const binding of selecting) if (binding.meta.namespace === namespace) lostBy(binding);
    }),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const end of ends) end();
    },
  };
}

function labelKey(pod: Pod): string {
  return `${pod.meta.namespace}/${bindingLabel(pod)}`;
}

function identityRef({ meta, identityName }: Binding): { readonly namespace: string; readonly name: string } {
  return { namespace: meta.namespace, name: identityName };
}
