import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { startImds } from "../sandbox/azure/imds.ts";
import type { Emulator } from "../sandbox/azure/server.ts";
import { createWorld } from "../sandbox/azure/world.ts";
import { createCredential } from "./credentials.ts";

const SCOPE = "https://management.azure.com/.default";
const place = { cloud: "AzurePublicCloud", tenantId: "", subscriptionId: "s", resourceGroup: "g" };
const cloud = { resourceManager: "https://arm.invalid", activeDirectory: "https://login.invalid" };

const world = await createWorld();
const vm = world.createVm({ resourceGroup: "g", name: "vm" });
let imds: Emulator;
// One for all: the SDK keeps the address that it read first for as long as the process lives, and tokens by client ID.
beforeAll(async () => {
  imds = await startImds({ world, machine: vm.id });
  vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.url);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await imds[Symbol.asyncDispose]();
});

const signIn = (clientId: string, clock?: FakeClock) =>
  createCredential(
    { ...place, signIn: { kind: "managed-identity", clientId } },
    cloud,
    clock === undefined ? {} : { clock },
  );

async function faultOf(asking: Promise<unknown>): Promise<Fault> {
  return asking.then(
    () => expect.unreachable("a token came"),
    (reason: unknown) => (reason instanceof Fault ? reason : expect.unreachable(String(reason))),
  );
}

describe("signing in with a managed identity", () => {
  it.each([
    {
      clientId: "",
      says: "MIC's node gives MIC no token: it has no system-assigned identity: give it one, or name a user-assigned one in userAssignedIdentityID (Identity not found)",
    },
    {
      clientId: "0123-mine-89ab",
      says: "MIC's node gives MIC no token: it has no identity 0123##### REDACTED #####89ab: put it on the machine, or correct userAssignedIdentityID (Identity not found)",
    },
  ])("says what is missing for '$clientId', and is well once it is there", async ({ clientId, says }) => {
    const credential = await signIn(clientId);
    expect(await faultOf(credential.getToken(SCOPE))).toMatchObject({ code: "ARM_CREDENTIAL", message: says });
    const identity = world.createIdentity({ resourceGroup: "g", name: "mine" });
    const principal = { ...identity, clientId };
    const userAssigned = new Map([[identity.id.toLowerCase(), principal]]);
    world.changeIdentity(vm, { systemAssigned: clientId === "" ? principal : undefined, userAssigned }, 0);
    expect(await credential.getToken(SCOPE)).toMatchObject({ token: expect.any(String) });
  });

  it("says that IMDS does not answer", async () => {
    world.traffic.failNext("imds.token", "connection closed", 2);
    expect(await faultOf((await signIn("nobody-home")).getToken(SCOPE))).toMatchObject({
      code: "IMDS_UNREACHABLE",
      message:
        "the instance metadata service of MIC's node does not answer: check that MIC's pods may reach 169.254.169.254 and that NMI lets them pass",
    });
  });

  it("gives up on an IMDS that swallows requests after half a minute", async () => {
    world.traffic.delay("imds.token", 3_600_000);
    const clock = new FakeClock();
    const asking = faultOf((await signIn("silence", clock)).getToken(SCOPE));
    await clock.asleep();
    clock.advance(30_000);
    world.traffic.delay("imds.token", 0);
    expect(await asking).toMatchObject({
      code: "IMDS_UNREACHABLE",
      message: expect.stringMatching(/does not answer \(no answer within 30 seconds\): check/),
    });
  });
});
