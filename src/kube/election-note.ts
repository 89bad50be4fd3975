import type { EventNote } from "./events.ts";
import type { LeaderLock, LockRecord } from "./lock.ts";

type Candidate = { readonly lock: LeaderLock; readonly identity: string };

/** What users read at a lock when its holder changes, in the words that client-go uses. */
export function electionNote(
  { lock, identity }: Candidate,
  latest: LockRecord | undefined,
  isHeld: boolean,
): EventNote {
  const { uid = "", resourceVersion = "" } = latest ?? {};
  return {
    about: { kind: lock.kind, meta: { ...lock.ref, uid, resourceVersion } },
    type: "Normal",
    reason: "LeaderElection",
    message: `${identity} ${isHeld ? "became leader" : "stopped leading"}`,
  };
}
