import { objectKey } from "../api/meta.ts";
import { secretVersion } from "../api/secret.ts";
import { realClock } from "../base/clock.ts";
import type { Prover, ReadProver } from "./principal-proof.ts";

type Recent = { readonly version: string; readonly readAt: number; readonly prover: Promise<Prover> };

const REMEMBERED_MS = 30_000;

/**
 * Remembers for half a minute what came of a Secret's content, whether it could be used or not: to unlock a certificate may
 * take much of a second, and a pod may ask again and again.
 */
export function rememberRecent(read: ReadProver, monotonic: () => number = realClock.monotonic): ReadProver {
  /** By Secret, in order of reading. */
  const recents = new Map<string, Recent>();
  return (secret, nowMs) => {
    const now = monotonic();
    for (const [key, { readAt }] of recents) {
      if (now - readAt < REMEMBERED_MS) break;
      recents.delete(key);
    }
    const key = objectKey(secret.meta);
    const version = secretVersion(secret);
    const recent = recents.get(key);
    if (recent?.version === version) return recent.prover;
    const prover = read(secret, nowMs);
    prover.catch(() => {}); // told to who asks
    recents.delete(key);
    recents.set(key, { version, readAt: now, prover });
    return prover;
  };
}
