import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Applications, startApplications, upgradeMissing } from "./applications.ts";
import { aWhile, expectOneWriter, expectRolledBack, expectUpgraded } from "./expectations.ts";
import { applyCrds, originalManifests, ourManifests } from "./manifests.ts";
import { soloObjects } from "./workload.ts";

const missing = upgradeMissing();
const place = { namespace: "default", nmi: "nmi", mic: "mic" };

// One installation through its life, so the tests follow each other.
describe.skipIf(missing !== undefined)(`tokens of manifests of 1.8.17 (${missing ?? "with its programs"})`, () => {
  let apps: Applications;

  beforeAll(async () => {
    apps = await startApplications(place, async (world, identities) => {
      await applyCrds(world);
      await world.apply(...(await originalManifests(world)), ...soloObjects(identities));
    });
  }, 900_000);
  afterAll(async () => {
    await apps?.[Symbol.asyncDispose]();
  }, 120_000);

  it("are there", () => apps.served());

  it("are not lost when ours are applied over them, but for what the original's end cuts off", async () => {
    expectUpgraded(await apps.duringRollout("the upgrade", () => apps.world.apply(...ourManifests())));
    expect(await apps.troubleWith("after the upgrade", aWhile)).toEqual([]);
  });

  it("are refused when those of the original are applied again, until it serves", async () => {
    const change = async () => apps.world.apply(...(await originalManifests(apps.world)));
    await expectRolledBack(await apps.duringRollout("the rollback", change), apps.world);
    expect(await apps.troubleWith("after the rollback", aWhile)).toEqual([]);
  });

  it("come from identities that no two MICs change at one time", () => expectOneWriter(apps.world));
});
