import { kinds } from "../../api/kinds.ts";
import { type Pod, readPod } from "../../api/pod.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Deadline } from "../../kube/deadline.ts";
import { Outage } from "../../kube/outage.ts";

/** Short enough for a client that waits meanwhile. */
const LOOK_MS = 3000;
/** A watch that is behind is begun anew, but no more often than this. */
const ANEW_MS = 10_000;

type Options = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly clock: Clock;
};

/**
 * Asks the API server for one pod as it is now. By a list, for which NMI has the permission anyway, and which the API
 * server answers as cheaply as a GET, since it names the object. Rejects with a Fault KUBE_* when it is not answered.
 */
export function podLook({ client, log, clock }: Options): (pod: Pod) => Promise<Pod | undefined> {
  const outage = new Outage({
    log,
    failing: "cannot ask the API server whether an address is still its pod's, so that some are refused",
    well: "the API server tells again whose an address is",
    fields: {},
    clock,
  });
  return async ({ meta: { namespace, name } }) => {
    const reason = () => new Fault("KUBE_UNREACHABLE", `the API server does not answer within ${LOOK_MS} ms`);
    using deadline = new Deadline({ ms: LOOK_MS, reason, clock });
    try {
      const query = { namespace, fieldSelector: `metadata.name=${name}` };
      const [found] = await client.list(kinds.pod, query, deadline.signal);
      outage.well();
      return found === undefined ? undefined : readPod(found);
    } catch (thrown) {
      outage.failed(Fault.from(thrown));
      throw thrown;
    }
  };
}

type Listing = { catchUp(signal: AbortSignal): Promise<void> };

/** What lets stores list anew when the watch of pods was found to be behind: others may have died in the same way. */
export function listingAnew(
  stores: readonly (Listing | undefined)[],
  { log, clock, signal }: Pick<Options, "log" | "clock"> & { readonly signal: AbortSignal },
): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.monotonic() - last < ANEW_MS) return;
    last = clock.monotonic();
    log.info("the watch of pods is behind the API server, listing all anew");
    for (const store of stores) store?.catchUp(signal).catch(() => {}); // rejected: NMI stops
  };
}
