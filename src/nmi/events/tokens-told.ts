import type { Identity } from "../../api/identity.ts";
import type { Pod } from "../../api/pod.ts";
import type { Token } from "../../api/token-answer.ts";

/**
 * Which pods are known to have which tokens, so that the first line of each is not left out for the many of a pod that
 * asks again and again for those it has. A token is kept in mind as long as somebody holds it.
 */
export class TokensTold {
  readonly #told = new WeakMap<Token, Set<string>>();

  /** Whether the token is told of that pod and identity for the first time; from now on it is not. */
  isFirst(token: Token, pod: Pod, identity: Identity): boolean {
    const told = this.#told.get(token) ?? new Set();
    const whose = `${pod.meta.uid} ${identity.meta.uid}`;
    if (told.has(whose)) return false;
    this.#told.set(token, told.add(whose));
    return true;
  }
}
