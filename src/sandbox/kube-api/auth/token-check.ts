import { keyOf } from "../collection.ts";
import { isList, type JsonObject, objectOr, textOr } from "../json.ts";
import type { Store } from "../store.ts";
import { accounts, bounds } from "./token-facts.ts";
import type { TokenKey } from "./token-key.ts";
import { AUTHENTICATED, accountGroups, accountUser, type User } from "./user.ts";

/** Why a token is refused, or whose it is. */
export type Checked = { readonly user: User; readonly audiences: readonly string[] } | { readonly error: string };

/** Reads a token that `requestToken` made: the account and what the token is bound to must still be there. */
export function checkToken(
  store: Store,
  key: TokenKey,
  token: string,
  audiences: readonly string[],
  nowMs: number,
): Checked {
  const claims = key.verified(token);
  if (claims === undefined) return { error: "invalid bearer token" };
  if (Number(claims.exp) * 1000 <= nowMs) return refused("service account token has expired");
  const given = isList(claims.aud) ? claims.aud.map(String) : [];
  const common = given.filter((audience) => audiences.includes(audience));
  if (common.length === 0) {
    return refused(`token audiences ${quoted(given)} is invalid for the target audiences ${quoted(audiences)}`);
  }
  const about = objectOr(claims["kubernetes.io"]);
  const namespace = textOr(about.namespace);
  const { name, uid } = objectOr(about.serviceaccount);
  const account = store.of(accounts).get(keyOf({ namespace, name: textOr(name) }));
  if (account === undefined || account.metadata.uid !== uid)
    return refused("service account token has been invalidated");
  const bound = Object.values(bounds).find(({ claim }) => about[claim] !== undefined);
  if (bound !== undefined && !isThere(store, bound.plural, namespace, objectOr(about[bound.claim]))) {
    return refused("service account token has been invalidated");
  }
  return { user: userOf(namespace, textOr(name), textOr(uid), claims), audiences: common };
}

function refused(why: string): Checked {
  return { error: `[invalid bearer token, ${why}]` };
}

function quoted(list: readonly string[]): string {
  return `[${list.map((item) => JSON.stringify(item)).join(" ")}]`;
}

function isThere(store: Store, plural: string, namespace: string, { name, uid }: JsonObject): boolean {
  return store.of({ group: "", plural }).get(keyOf({ namespace, name: textOr(name) }))?.metadata.uid === uid;
}

function userOf(namespace: string, name: string, uid: string, claims: JsonObject): User {
  const pod = objectOr(objectOr(claims["kubernetes.io"]).pod);
  const bound: Record<string, readonly string[]> =
    pod.name === undefined
      ? {}
      : {
          "authentication.kubernetes.io/pod-name": [textOr(pod.name)],
          "authentication.kubernetes.io/pod-uid": [textOr(pod.uid)],
        };
  return {
    name: accountUser({ namespace, name }),
    uid,
    groups: [...accountGroups(namespace), AUTHENTICATED],
    extra: { "authentication.kubernetes.io/credential-id": [`JTI=${textOr(claims.jti)}`], ...bound },
  };
}
