import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Actor } from "../support/netns/actor.ts";
import { type NodeWithPods, startNodeWithPods } from "../support/netns/cluster.ts";
import { inNamespace, networkMissing } from "../support/netns/netns.ts";
import type { RunningProgram } from "../support/program.ts";

const missing = networkMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
/** How long the API server keeps the old pod running, and the new one without an address. */
const WITHHELD_MS = 5000;
const EVERY_MS = 100;
const PATIENCE_MS = 20_000;
const PODS = "/api/v1/namespaces/default/pods";

const asked = {
  isFrozen: true,
  isCutOff: false,
  hasAsked: true,
  hasIdentity: true,
  isStartedAnew: false,
  isRouted: false,
};
const cases = [
  { when: "the watch tells that the old one is terminating", ...asked, isFrozen: false },
  { when: "the watch tells so, and a route of its own leads to each pod", ...asked, isFrozen: false, isRouted: true },
  { when: "NMI cannot reach the API server", ...asked, isFrozen: false, isCutOff: true },
  { when: "NMI starts anew", ...asked, isFrozen: false, isStartedAnew: true },
  { when: "the watch tells nothing", ...asked },
  { when: "the watch tells nothing, and the old one never asked", ...asked, hasAsked: false },
  { when: "the watch tells nothing, and the new one has no identity", ...asked, hasIdentity: false },
];
type Case = (typeof cases)[number];
/** Answers and how many requests got them. */
type Tally = Readonly<Record<string, number>>;
type Outcome = {
  /** What the API server said of the old pod when the new one began to ask. */
  readonly old: object;
  /** What the new pod got before the API server told the truth, and after. */
  readonly early: Tally;
  readonly late: Tally;
  /** What it got in the end. */
  readonly last: string;
  /** What another pod got all the time. */
  readonly neighbour: Tally;
};

/** Asks until an answer fits, or for as long as is reasonable; gives the last one. */
async function askUntil(pod: Actor | undefined, fitting: RegExp): Promise<string> {
  for (const since = performance.now(); ; await setTimeout(50)) {
    const answer = (await pod?.ask<string>({ get: "token" })) ?? "";
    if (fitting.test(answer) || performance.now() - since > PATIENCE_MS) return answer;
  }
}

/** Another NMI starts, and the one before ends once that one serves. */
async function takeOver(at: NodeWithPods, before: RunningProgram): Promise<void> {
  await at.startNmi().says("listening on ");
  before.kill("SIGTERM");
  await before.ended;
}

/** A route to the first pod alone, as network plugins make that give each pod an interface of its own on the node. */
function routeToPod({ network }: NodeWithPods): void {
  inNamespace(network.node, "ip route add 10.244.0.2/32 dev pod0");
}

async function outcomeOf(given: Case): Promise<Outcome> {
  const { isFrozen, isCutOff, hasAsked, hasIdentity, isStartedAnew, isRouted } = given;
  await using at = await startNodeWithPods();
  if (isRouted) routeToPod(at);
  const wayToApi = (add: "-I" | "-D") =>
    ["--dport", "--sport"]
      .map((end) => `iptables-nft ${add} OUTPUT -o lo -p tcp ${end} ${at.proxyPort} -j DROP`)
      .join(";");
  const [oldPod, neighbour] = at.pods;
  const nmi = at.startNmi();
  await nmi.says("listening on ");
  await askUntil(neighbour, /^200 token-of-client-1$/);
  if (hasAsked) await askUntil(oldPod, /^200 token-of-client-0$/);
  await neighbour?.ask({ begin: { everyMs: EVERY_MS } });
  if (isFrozen) await at.trouble("freeze");
  if (isCutOff) inNamespace(at.network.node, wayToApi("-I"));
  await at.kube("DELETE", `${PODS}/pod-0?gracePeriodSeconds=30`);
  const next = await at.replace(0, hasIdentity);
  if (isRouted) routeToPod(at);
  const old = await at.kube("GET", `${PODS}/pod-0`);
  if (isStartedAnew) await takeOver(at, nmi);
  await next.ask({ begin: { everyMs: EVERY_MS } });
  await setTimeout(WITHHELD_MS);
  const early = await next.ask<Tally>({ count: "and go on" });
  if (isCutOff) {
    inNamespace(at.network.node, wayToApi("-D"));
    await at.trouble("cut");
  }
  await at.tellReplaced(0);
  const last = await askUntil(next, hasIdentity ? /^200 token-of-client-next$/ : /^404 /);
  const late = await next.ask<Tally>({ count: "and end" });
  return { old, early, late, last, neighbour: (await neighbour?.ask<Tally>({ count: "and end" })) ?? {} };
}

describe.skipIf(missing !== undefined)(`a pod that gets the address of another${reason}`, () => {
  let outcomes: readonly Outcome[];
  // Side by side, since all of them wait most of the time.
  beforeAll(async () => {
    outcomes = await Promise.all(cases.map(outcomeOf));
  }, 240_000);

  it.each(cases)("never gets that one's token while $when, and then gets its own", ({ when, hasIdentity }) => {
    const { old, early, late, last, neighbour } = outcomes[cases.findIndex((one) => one.when === when)] as Outcome;
    process.stdout.write(`${when}: ${JSON.stringify({ early, late, neighbour })}\n`);
    expect(old).toMatchObject({
      metadata: { deletionTimestamp: expect.any(String) },
      status: { phase: "Running", podIP: "10.244.0.2" },
    });
    expect(numberOf(early)).toBeGreaterThan((WITHHELD_MS / EVERY_MS) * 0.9);
    // Nobody says yet who it is: it is told to come again, and of the old one's token or name it hears nothing.
    expect(Object.keys(early).filter((answer) => !/^503 .*match pod IP 10\.244\.0\.2/.test(answer))).toEqual([]);
    expect(Object.keys({ ...early, ...late }).filter((answer) => /client-0|pod-0/.test(answer))).toEqual([]);
    const own = hasIdentity ? /^200 token-of-client-next$/ : /^404 .*next-0/;
    expect(last).toMatch(own);
    expect(Object.keys(late).filter((answer) => !/^(429|503) /.test(answer) && !own.test(answer))).toEqual([]);
    expect(Object.keys(neighbour)).toEqual(["200 token-of-client-1"]);
  });
});

describe.skipIf(missing !== undefined)(`a pod that drains${reason}`, () => {
  it("gets its token also from an NMI that started since it was told to end", async () => {
    await using at = await startNodeWithPods();
    const nmi = at.startNmi();
    await nmi.says("listening on ");
    const [pod] = at.pods;
    await askUntil(pod, /^200 token-of-client-0$/);
    await at.kube("DELETE", `${PODS}/pod-0?gracePeriodSeconds=30`);
    await takeOver(at, nmi);
    expect(await pod?.ask<string>({ get: "token" })).toBe("200 token-of-client-0");
  });

  it("gets its token while another pod waits for an address, if a route leads to it alone", async () => {
    await using at = await startNodeWithPods();
    routeToPod(at);
    await at.startNmi().says("listening on ");
    const [pod, unrouted] = at.pods;
    await askUntil(pod, /^200 token-of-client-0$/);
    await askUntil(unrouted, /^200 token-of-client-1$/);
    const spec = { nodeName: "node-0", containers: [{ name: "main", image: "web" }] };
    await at.kube("POST", PODS, { apiVersion: "v1", kind: "Pod", metadata: { name: "stuck" }, spec });
    for (const name of ["pod-0", "pod-1"]) await at.kube("DELETE", `${PODS}/${name}?gracePeriodSeconds=30`);
    // NMI has heard of both deletions once it hears of the later one.
    expect(await askUntil(unrouted, /^503 /)).toMatch(/may be changing hands/);
    expect(await pod?.ask<string>({ get: "token" })).toBe("200 token-of-client-0");
  });
});

function numberOf(tally: Tally): number {
  return Object.values(tally).reduce((sum, number) => sum + number, 0);
}
