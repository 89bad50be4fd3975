import type { Identity } from "../../api/identity.ts";
import type { Live } from "../ports.ts";

type Options = {
  readonly identities: Live<Identity>;
  readonly tokens: { evict(identity: Identity): void };
};

/** Has tokens of service principals forgotten with their AzureIdentity, and whenever it is changed: they are its alone. */
export function evictChanged({ identities, tokens }: Options): Disposable {
  const end = identities.onChange(({ before, after }) => {
    if (before !== undefined && before.type !== 0 && !isUnchanged(before, after)) tokens.evict(before);
  });
  return { [Symbol.dispose]: end };
}

function isUnchanged({ meta }: Identity, after: Identity | undefined): boolean {
  return meta.uid === after?.meta.uid && meta.generation === after.meta.generation;
}
