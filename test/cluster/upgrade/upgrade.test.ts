import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { CHART, type Values } from "../../support/helm.ts";
import { clusterMissing } from "../support/missing.ts";
import { nmiRules, RELEASE, SYSTEM, trust } from "../support/release.ts";
import { told } from "../support/runners.ts";
import { type Applications, startApplications } from "./applications.ts";
import { peers } from "./images.ts";
import { changesOf, changesOutsideOfTerms, overlaps, termsOf } from "./judge/writers.ts";
import { EXCEPTED, NAMING } from "./workload.ts";

const missing = clusterMissing() ?? (peers.mic && peers.nmi ? undefined : "PEER_MIC and PEER_NMI name no programs");
/** What this cluster's cloud needs besides: its authority is trusted, and service principals may sign in there. */
const added: Values = { mic: { extraEnv: [trust] }, nmi: { customCloud: { enabled: true }, extraEnv: [trust] } };
/** The longest that NMI needs to start on a busy machine. */
const START_MS = 8_000;
const AFTERWARDS_MS = 5_000;

// One release through its life, so the tests follow each other.
describe.skipIf(missing !== undefined)(`pods with tokens of the original (${missing ?? "beside its programs"})`, () => {
  let apps: Applications;

  const helm = async (...args: readonly string[]) =>
    apps.world.helm([...args, "--namespace", SYSTEM, "--wait", "--timeout=4m"], { input: stringify(added) });
  const upgrade = (...flags: readonly string[]) => helm("upgrade", RELEASE, CHART, "--values=-", ...flags);
  /** What pods got while a change was rolled out, and a little after. */
  const duringRollout = (name: string, change: () => Promise<unknown>) =>
    apps.during(name, async () => {
      await change();
      for (const what of ["daemonset/aad-pod-identity-nmi", "deployment/aad-pod-identity-mic"]) {
        await apps.world.kubectl("rollout", "status", what, "--namespace", SYSTEM, "--timeout=4m");
      }
      await setTimeout(AFTERWARDS_MS);
    });
  /** What is not as it should be; IMDS is nobody's business but that of excepted pods. */
  const troubleWith = async (name: string, work: () => Promise<unknown>) => {
    const seen = await apps.during(name, work);
    return [...seen].flatMap(([pod, { app, asked, tokens, direct }]) =>
      asked > 0 && asked === tokens && (direct === 0 || app === EXCEPTED) ? [] : [pod],
    );
  };
  const steadily = () => setTimeout(10_000);
  const workloads = async () => {
    const { items } = await apps.world.get("daemonsets,deployments", "--namespace", SYSTEM);
    const history = JSON.parse(told(await apps.world.helm(["history", RELEASE, "-n", SYSTEM, "-o", "json"])));
    return [history.length, items.map(({ metadata }: { metadata: { generation: number } }) => metadata.generation)];
  };

  beforeAll(async () => {
    apps = await startApplications();
  }, 900_000);
  afterAll(async () => {
    await apps?.[Symbol.asyncDispose]();
  }, 120_000);

  it("get all of them", async () => {
    const areServed = async () => (await troubleWith("the original", () => setTimeout(3_000))).length === 0;
    await expect.poll(areServed, { timeout: 240_000 }).toBe(true);
  });

  it.each([
    { by: "--reuse-values", says: /image\.repository "mcr\.microsoft\.com.* --reset-then-reuse-values/ },
    { by: "--set=nmi.tag=v1.8.16", says: /nmi\.tag "v1\.8\.16" names a release of/ },
  ])("lose none by an upgrade with $by, which is refused and changes nothing", async ({ by, says }) => {
    const before = await workloads();
    const trouble = await troubleWith("a refused upgrade", async () => {
      const { code, stderr } = await upgrade(by);
      expect([code, stderr]).toEqual([1, expect.stringMatching(says)]);
    });
    expect([trouble, await workloads()]).toEqual([[], before]);
  });

  it("lose some wherever it restarts", async () => {
    const restart = ["rollout", "restart", "daemonset/aad-pod-identity-nmi", "--namespace", SYSTEM];
    const seen = await duringRollout("its own restart", () => apps.world.kubectl(...restart));
    expect([...seen.values()].some(({ lost }) => Object.keys(lost).length > 0)).toBe(true);
  });

  it("lose by the upgrade what they lose where it restarts, and get none of others by NMI", async () => {
    const seen = await duringRollout("the upgrade", async () => told(await upgrade("--reset-then-reuse-values")));
    for (const [pod, { app, wrong, lost, longestWithoutMs }] of seen) {
      expect([pod, wrong, Object.keys(lost).filter((why) => !/^ECONN|of IMDS$/.test(why))]).toEqual([pod, 0, []]);
      if (app === NAMING) expect(longestWithoutMs).toBeLessThan(START_MS);
    }
    expect(await troubleWith("after the upgrade", steadily)).toEqual([]);
  });

  it("lose none by the next upgrade", async () => {
    const seen = await duringRollout("the next upgrade", async () =>
      told(await upgrade("--reset-then-reuse-values", "--set=nmi.logVerbosity=1")),
    );
    for (const [pod, { app, wrong, lost, direct }] of seen) {
      expect([pod, wrong, lost, app === EXCEPTED ? 0 : direct]).toEqual([pod, 0, {}, 0]);
    }
  });

  it("lose some by a rollback until the original serves, and never reach IMDS", async () => {
    const seen = await duringRollout("the rollback", async () => told(await helm("rollback", RELEASE, "1")));
    for (const [pod, { app, wrong, direct, longestWithoutMs }] of seen) {
      expect([pod, wrong, app === EXCEPTED ? 0 : direct]).toEqual([pod, 0, 0]);
      expect(longestWithoutMs).toBeLessThan(2 * START_MS);
    }
    expect(await troubleWith("after the rollback", steadily)).toEqual([]);
    const chains = new Set((await nmiRules(apps.world, 1)).map((rule) => /aad-metadata[-\w]*/.exec(rule)?.[0]));
    expect([...chains].sort()).toEqual(["aad-metadata", "aad-metadata-guard", "aad-metadata-localnet"]);
  });

  it("never have two MICs that write", async () => {
    const { audit, calls } = await apps.world.written();
    const changes = changesOf(audit, calls);
    const terms = termsOf(audit);
    const writers = new Set(changes.map(({ by }) => by));
    process.stdout.write(`${changes.length} changes by ${writers.size} MICs, which led ${terms.length} times\n`);
    expect(writers.size).toBeGreaterThanOrEqual(3);
    expect([overlaps(changes), changesOutsideOfTerms(changes, terms)]).toEqual([[], []]);
  });
});
