import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NodeWithPods, rawRequests, startNodeWithPods } from "../support/netns/cluster.ts";
import { inNamespace, networkMissing } from "../support/netns/netns.ts";
import { eventually } from "../support/time/eventually.ts";
import { startReadyNmi } from "./ready-nmi.ts";
import { askForToken, clientMissing, clients, gotToken, type Told } from "./sdk-client.ts";

const missing = networkMissing();
const present = clients.filter((client) => clientMissing(client) === undefined);
/** As long as NMI waits by default, which the other tests shorten. */
const patient = [
  ...["--retry-attempts-for-created=16", "--retry-attempts-for-assigned=4"],
  "--find-identity-retry-interval=5",
];
const LATE_MS = 30_000;
const POD = 2;

describe.skipIf(missing !== undefined)("SDKs get the token of an identity that is assigned while they ask", () => {
  let at: NodeWithPods;

  const ask = (): Promise<Told>[] => {
    const { namespace = "" } = at.network.pods[POD] ?? {};
    return present.map((client) => askForToken(client, { namespace, clientId: `client-${POD}` }));
  };
  const connections = () => {
    const lines = inNamespace(at.network.node, "ss -Htn state established sport = :2579").trim().split("\n");
    return lines.filter((line) => line.includes(at.network.pods[POD]?.address ?? "")).length;
  };
  const name = (told: readonly Told[]) =>
    present.map(({ language, credential }, index) => ({ language, credential, ...told[index] }));
  const allGot = () =>
    present.map((client) => expect.objectContaining({ ...client, ...gotToken("token-of-client-2") }));

  beforeEach(async () => {
    at = await startNodeWithPods();
    await at.bind(POD);
  });
  afterEach(async () => {
    await at?.[Symbol.asyncDispose]();
  });

  it("30 seconds late", async () => {
    await startReadyNmi(at, ...patient);
    const asked = Promise.all(ask());
    await pause(LATE_MS);
    await at.assign(POD);
    const told = name(await asked);
    process.stdout.write(`${told.map((one) => `${one.language} ${one.credential} ${one.seconds} s`).join("\n")}\n`);
    expect(told).toEqual(allGot());
    expect(rawRequests(await at.askers())).toEqual([]);
  });

  it("from the NMI that took over meanwhile, and so do those that begin while the old one stops", async () => {
    const old = await startReadyNmi(at, ...patient);
    const early = Promise.all(ask());
    await eventually(connections).toBeGreaterThanOrEqual(present.length);
    await startReadyNmi(at, ...patient);
    const later = Promise.all(ask());
    old.kill("SIGTERM");
    expect((await old.ended).code).toBe(0);
    await at.assign(POD);
    expect(name(await early)).toEqual(allGot());
    expect(name(await later)).toEqual(allGot());
    expect(rawRequests(await at.askers())).toEqual([]);
  });
});
