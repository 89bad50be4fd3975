import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { CHART, type Values } from "../../support/chart/helm.ts";
import { RELEASE, SYSTEM, trust } from "../support/release.ts";
import { told } from "../support/runners.ts";
import { type Applications, startApplications, upgradeMissing } from "./applications.ts";
import { aWhile, expectNoneLost, expectOneWriter, expectRolledBack, expectUpgraded } from "./expectations.ts";
import { installOriginal } from "./original.ts";
import { originalValuesOf } from "./workload.ts";

const missing = upgradeMissing();
const place = { namespace: SYSTEM, nmi: "aad-pod-identity-nmi", mic: "aad-pod-identity-mic" };
/** What this cluster's cloud needs besides: its authority is trusted, and service principals may sign in there. */
const added: Values = { mic: { extraEnv: [trust] }, nmi: { customCloud: { enabled: true }, extraEnv: [trust] } };

// One release through its life, so the tests follow each other.
describe.skipIf(missing !== undefined)(`tokens of a release of 1.8.17 (${missing ?? "with its programs"})`, () => {
  let apps: Applications;

  const helm = async (...args: readonly string[]) =>
    apps.world.helm([...args, "--namespace", SYSTEM, "--wait", "--timeout=4m"], { input: stringify(added) });
  const upgrade = (...flags: readonly string[]) => helm("upgrade", RELEASE, CHART, "--values=-", ...flags);
  const workloads = async () => {
    const { items } = await apps.world.get("daemonsets,deployments", "--namespace", SYSTEM);
    const history = JSON.parse(told(await apps.world.helm(["history", RELEASE, "-n", SYSTEM, "-o", "json"])));
    return [history.length, items.map(({ metadata }: { metadata: { generation: number } }) => metadata.generation)];
  };

  beforeAll(async () => {
    apps = await startApplications(place, (world, identities) => installOriginal(world, originalValuesOf(identities)));
  }, 900_000);
  afterAll(async () => {
    await apps?.[Symbol.asyncDispose]();
  }, 120_000);

  it("are there", () => apps.served());

  it.each([
    { by: "--reuse-values", says: /image\.repository "mcr\.microsoft\.com.* --reset-then-reuse-values/ },
    { by: "--set=nmi.tag=v1.8.16", says: /nmi\.tag "v1\.8\.16" names a release of/ },
  ])("stay when an upgrade with $by is refused, which changes nothing", async ({ by, says }) => {
    const before = await workloads();
    const trouble = await apps.troubleWith("a refused upgrade", async () => {
      const { code, stderr } = await upgrade(by);
      expect([code, stderr]).toEqual([1, expect.stringMatching(says)]);
      await setTimeout(2_000);
    });
    expect([trouble, await workloads()]).toEqual([[], before]);
  });

  it("are lost wherever the original restarts", async () => {
    const seen = await apps.duringRollout("its own restart", apps.restartNmi);
    expect([...seen.values()].some(({ lost }) => Object.keys(lost).length > 0)).toBe(true);
  });

  it("are not lost in the upgrade, but for what the original's end cuts off", async () => {
    const change = async () => told(await upgrade("--reset-then-reuse-values"));
    expectUpgraded(await apps.duringRollout("the upgrade", change));
    expect(await apps.troubleWith("after the upgrade", aWhile)).toEqual([]);
  });

  it("are not lost in the next upgrade", async () => {
    const change = async () => told(await upgrade("--reset-then-reuse-values", "--set=nmi.logVerbosity=1"));
    expectNoneLost(await apps.duringRollout("the next upgrade", change));
  });

  it("are refused in a rollback until the original serves", async () => {
    const change = async () => told(await helm("rollback", RELEASE, "1"));
    await expectRolledBack(await apps.duringRollout("the rollback", change), apps.world);
    expect(await apps.troubleWith("after the rollback", aWhile)).toEqual([]);
  });

  it("come from identities that no two MICs change at one time", () => expectOneWriter(apps.world));
});
