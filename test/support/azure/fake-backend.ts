import type { Token } from "../../../src/api/token-answer.ts";
import type { Fault } from "../../../src/base/fault.ts";
import { Secret } from "../../../src/base/secret.ts";
import { raceAbort } from "../../../src/base/single-flight.ts";
import type { Backend } from "../../../src/tokens/backend.ts";
import type { FakeClock } from "../time/fake-clock.ts";

export const HOUR = 3600_000;

/** A back end that numbers its tokens; each lives for 24 hours unless told otherwise. */
export class FakeBackend implements Backend {
  fetches = 0;
  lifeMs = 24 * HOUR;
  /** How many fetches are under way. */
  under = 0;
  #fault: Fault | undefined;
  #held: Promise<void> | undefined;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  identityKey({ clientId }: { clientId: string }) {
    return clientId;
  }

  key({ identity: { clientId }, resource }: { identity: { clientId: string }; resource: string }) {
    return `${clientId}\n${resource}`;
  }

  /** Every fetch fails until `heal()`. */
  break(fault: Fault) {
    this.#fault = fault;
  }

  heal() {
    this.#fault = undefined;
  }

  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  async fetch(request: { resource: string }, signal: AbortSignal): Promise<Token> {
    this.fetches += 1;
    const number = this.fetches;
    this.under += 1;
    await raceAbort(this.#held ?? Promise.resolve(), signal).finally(() => {
      this.under -= 1;
    });
    if (this.#fault !== undefined) throw this.#fault;
    return {
      accessToken: new Secret(`token-${number}`),
      expiresOn: (this.#clock.now() + this.lifeMs) / 1000,
      notBefore: 0,
      resource: request.resource,
      tokenType: "Bearer",
      clientId: "",
    };
  }
}
