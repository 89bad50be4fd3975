import { kinds } from "../../api/kinds.ts";
import { readPod } from "../../api/pod.ts";
import { type Clock, realClock } from "../../base/clock.ts";
import { createLog } from "../../base/log.ts";
import { Secret } from "../../base/secret.ts";
import type { KubeAccess } from "../../kube/access.ts";
import { KubeClient } from "../../kube/client.ts";
import { Store } from "../../kube/store.ts";
import type { Sandbox } from "../../sandbox/compose.ts";
import type { CliContext } from "../command.ts";
import { readEvent, readLease, readName, type ToldEvent } from "./objects.ts";
import { statusText } from "./text.ts";

const LOOK_EVERY_MS = 250;
/** MIC's lock, unless it was told of another. */
const LEASE = "aad-pod-identity-mic";

type Followed = Pick<Sandbox, "access" | "tokensGiven">;

/**
 * Keeps one line on the terminal that says how the sandbox does, until the signal aborts. Nothing at all elsewhere: what
 * reads a pipe wants no line a moment.
 */
export async function followStatus(
  sandbox: Followed,
  { screen, signal }: Pick<CliContext, "screen" | "signal">,
  clock: Pick<Clock, "now" | "sleep"> = realClock,
): Promise<void> {
  if (!screen.isTerminal) return;
  const log = createLog({ write: () => {} });
  await using client = new KubeClient(accessOf(sandbox), { userAgent: "podid", log });
  const nodes = new Store({ client, log, kind: kinds.node, read: readName(kinds.node) });
  const pods = new Store({ client, log, kind: kinds.pod, read: phaseOf });
  const leases = new Store({
    client,
    log,
    kind: kinds.lease,
    fieldSelector: `metadata.name=${LEASE}`,
    read: readLease,
  });
  const events = new Store({ client, log, kind: kinds.event, read: readEvent });
  let last: ToldEvent | undefined;
  events.onChange(({ after }) => {
    if (after !== undefined && after.atMs >= (last?.atMs ?? 0)) last = after;
  });
  const following = [nodes, pods, leases, events].map((store) => store.run(signal));
  while (!signal.aborted) {
    const view = {
      nodes: nodes.list().length,
      phases: pods.list().map(({ phase }) => phase),
      leader: leases.list().find(({ holder, untilMs }) => holder !== "" && untilMs > clock.now())?.holder,
      tokens: sandbox.tokensGiven(),
      lastEvent: last?.text,
    };
    screen.status(statusText(view));
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
  }
  screen.status("");
  await Promise.all(following);
}

/** Not by the kubeconfig: what reads those takes half a second to load. */
function accessOf({ access: { server, token, ...certificates } }: Followed): KubeAccess {
  const credentials = { ...certificates, ...(token === undefined ? {} : { token: new Secret(token) }) };
  return { server, credentials: async () => credentials };
}

function phaseOf(raw: unknown) {
  const { meta, phase } = readPod(raw);
  return { meta, phase };
}
