import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Metadata } from "../tokens/metadata.ts";
import { secretUrl, type ValidatorConfig } from "./options.ts";
import { readVaultSecret } from "./vault.ts";

/** Something that must hold for a pod; each check has all that it needs for itself. */
type Check = {
  /** The original's line, which scripts look for. */
  readonly success: string;
  /** @throws Fault that says why it does not hold */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

type Named = { readonly clientId?: string; readonly resourceId?: string };

const VAULT = "https://vault.azure.net";
const MANAGEMENT = "https://management.azure.com/";
/** An identity that was assigned just now is not known everywhere in Azure. */
const MOST_RETRIES = 10;
const RETRY_MS = 10_000;

/** What is checked: a secret read by client ID, by resource ID, each if it is given, and a token of no named identity. */
export function checksOf(config: ValidatorConfig, metadata: Metadata): readonly Check[] {
  const { clientId, resourceId } = config;
  const reads = (named: Named) => (signal: AbortSignal) => readSecret(named, config, metadata, signal);
  const verified = "successfully verified user-assigned identity on pod with identity";
  return [
    ...(clientId === "" ? [] : [{ success: `${verified} client ID`, run: reads({ clientId }) }]),
    ...(resourceId === "" ? [] : [{ success: `${verified} resource ID`, run: reads({ resourceId }) }]),
    {
      success: "successfully acquired a service principal token from IMDS",
      run: async (signal) => void (await metadata.token(MANAGEMENT, {}, signal)),
    },
  ];
}

async function readSecret(
  named: Named,
  config: ValidatorConfig,
  metadata: Metadata,
  signal: AbortSignal,
): Promise<void> {
  const { accessToken } = await metadata.token(VAULT, named, signal);
  const value = await readVaultSecret(secretUrl(config), accessToken, signal);
  if (value.reveal() === config.secretValue) return;
  throw new Fault("CHECK_FAILED", `expected ${value} to be equal to ${config.secretValue}`);
}

/** Runs all checks side by side and tells how each ended. @throws Fault CHECK_FAILED when one does not hold */
export async function validate(
  checks: readonly Check[],
  tools: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const results = await Promise.all(checks.map((check) => holds(check, tools, signal)));
  signal.throwIfAborted();
  const failed = results.filter((held) => !held).length;
  if (failed > 0) throw new Fault("CHECK_FAILED", `${failed} of ${checks.length} checks failed: the log says why`);
}

async function holds(
  { success, run }: Check,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run(signal);
      log.info(success);
      return true;
    } catch (reason) {
      if (signal.aborted) return false;
      const { message } = Fault.from(reason);
      if (attempt > MOST_RETRIES || !/identity not found/i.test(message)) {
        log.error(message);
        return false;
      }
      log.warn(`identity not found, checking again (${attempt}/${MOST_RETRIES})`, { reason: message });
      await clock.sleep(RETRY_MS, signal).catch(() => {}); // rejected: the signal is seen above
    }
  }
}
