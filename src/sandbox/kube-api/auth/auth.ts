import type { IncomingMessage } from "node:http";
import { Rbac } from "../rbac/rbac.ts";
import { StatusError } from "../status.ts";
import type { Store } from "../store.ts";
import { impersonated } from "./impersonation.ts";
import { type Checked, checkToken } from "./token-check.ts";
import { ISSUER } from "./token-facts.ts";
import { TokenKey } from "./token-key.ts";
import { anonymous, master, type User } from "./user.ts";

/** Bearer tokens of people who may do everything, and their names. */
export type Masters = ReadonlyMap<string, string>;

/** Who is who on a server, and who may do what. */
export class Auth {
  readonly rbac: Rbac;
  readonly key = new TokenKey();
  readonly #store: Store;
  readonly #masters: Masters | undefined;

  /** Without `masters` whoever comes without a service account's token is one. */
  constructor(store: Store, masters: Masters | undefined) {
    this.#store = store;
    this.#masters = masters;
    this.rbac = new Rbac(store);
  }

  /** Whose request it is; an impersonated user's, where that is asked for. @throws StatusError 401, 403 or 500 */
  userOf(incoming: IncomingMessage): User {
    return impersonated(this.#authenticated(incoming), incoming.headersDistinct, this.rbac);
  }

  /** Whose token it is, for one of the audiences. */
  check(token: string, audiences: readonly string[] = [ISSUER]): Checked {
    const name = this.#masters?.get(token);
    const isForHere = audiences.includes(ISSUER);
    if (name !== undefined && isForHere) return { user: { ...master(name), uid: name }, audiences: [ISSUER] };
    return checkToken(this.#store, this.key, token, audiences, Date.now());
  }

  #authenticated({ headers }: IncomingMessage): User {
    const [, token] = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? "") ?? [];
    if (token === undefined) return this.#masters === undefined ? master("admin") : anonymous;
    const checked = this.check(token);
    if ("user" in checked) return checked.user;
    if (this.#masters === undefined) return master("admin");
    throw new StatusError(401, "Unauthorized", "Unauthorized");
  }
}
