import type { Identity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import { isSameClientId } from "../api/resource-id.ts";
import type { Clock } from "../base/clock.ts";
import { Fault, type FaultCode } from "../base/fault.ts";
import { type Finding, otherwise, type Wants } from "./drift-view.ts";
import type { MicEvents } from "./events.ts";
import type { AskClientId } from "./ports.ts";

type SuspectsOptions = {
  readonly clientId: AskClientId;
  readonly clock: Clock;
  readonly events: Pick<MicEvents, "clientIdWrong" | "clientIdUnknown" | "identityUnreadable">;
};
type Answer = { readonly at: number; readonly said: Promise<string | Fault> };

/** What Azure says of one identity; all else it would say of the others, too. */
const ABOUT_ONE = new Set<FaultCode>(["ARM_FORBIDDEN", "ARM_NOT_FOUND"]);
/** An answer that is older convinces nobody that an identity is stale: it may have been put on anew since. */
const FRESH_MS = 5_000;

/**
 * Identities that are stale on a machine if their AzureIdentities are right. Anybody may write an AzureIdentity, so
 * Azure decides: stale is what has another client ID there than on the machine. Else the AzureIdentity is wrong, and
 * its owner hears that.
 */
export class Suspects {
  readonly #options: SuspectsOptions;
  /** What Azure said in this round. */
  readonly #answers = new Map<string, Answer>();
  /** AzureIdentities that were told to be wrong, with what was told. */
  readonly #told = new Map<string, string>();
  /** Why Azure shows no identities, as it was told; undefined while it does. */
  #trouble: string | undefined;

  constructor(options: SuspectsOptions) {
    this.#options = options;
  }

  /** Azure is asked anew from now on. */
  nextRound(): void {
    this.#answers.clear();
  }

  /** Those that are stale indeed. Never rejects but with the signal's reason. */
  async convicted(
    suspects: readonly Finding[],
    identities: Wants["identities"],
    signal: AbortSignal,
  ): Promise<ReadonlySet<Finding>> {
    const stale = new Set<Finding>();
    for (const one of suspects) {
      const { drift, onMachine } = one;
      const now = await this.#ask(drift.resourceId, onMachine, signal);
      signal.throwIfAborted();
      // What keeps Azure from answering keeps it from answering about the others, too.
      if (now instanceof Fault && !ABOUT_ONE.has(now.code)) {
        if (this.#trouble !== now.code) this.#options.events.identityUnreadable(drift.resourceId, now);
        this.#trouble = now.code;
        break;
      }
      this.#trouble = undefined;
      if (!(now instanceof Fault) && isOther(now, onMachine)) stale.add(one);
      else this.#tell(otherwise(identities.get(drift.resourceId) ?? [], onMachine), onMachine, now);
    }
    return stale;
  }

  async #ask(resourceId: string, onMachine: string, signal: AbortSignal): Promise<string | Fault> {
    const { clientId, clock } = this.#options;
    const known = this.#answers.get(resourceId);
    if (known !== undefined) {
      const said = await known.said;
      const isFresh = clock.monotonic() - known.at <= FRESH_MS;
      if (isFresh || said instanceof Fault || !isOther(said, onMachine)) return said;
    }
    const said = clientId(resourceId, signal).catch((reason: unknown) => Fault.from(reason));
    this.#answers.set(resourceId, { at: clock.monotonic(), said });
    return await said;
  }

  #tell(wrong: readonly Identity[], onMachine: string, now: string | Fault): void {
    const { events } = this.#options;
    for (const identity of wrong) {
      const key = objectKey(identity.meta);
      const why = now instanceof Fault ? now.code : "";
      const what = `${identity.meta.uid} ${identity.clientId} ${onMachine} ${why}`;
      if (this.#told.get(key) === what) continue;
      this.#told.set(key, what);
      if (now instanceof Fault) events.clientIdUnknown(identity, onMachine, now);
      else events.clientIdWrong(identity, onMachine);
    }
  }
}

/** Azure says nothing of an identity that was just created. */
function isOther(now: string, onMachine: string): boolean {
  return now !== "" && !isSameClientId(now, onMachine);
}
