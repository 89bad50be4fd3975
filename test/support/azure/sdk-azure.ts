import { resourceKey } from "../../../src/api/resource-id.ts";
import { createCredential } from "../../../src/azure/credentials.ts";
import type { ArmCall } from "../../../src/azure/machine-calls.ts";
import { ArmMachines, type MachinesOptions } from "../../../src/azure/machines.ts";
import { type Access, SdkCompute } from "../../../src/azure/sdk-compute.ts";
import { Secret } from "../../../src/base/secret.ts";
import { startArm } from "../../../src/sandbox/azure/arm.ts";
import { startEntra } from "../../../src/sandbox/azure/entra.ts";
import { createWorld } from "../../../src/sandbox/azure/world.ts";
import { createAuthority } from "../../../src/sandbox/certificates.ts";

/** Issues certificates for whatever plays Azure here. */
export const authority = await createAuthority();
export const tls = await authority.serverCertificate();

type Over = Partial<MachinesOptions> &
  Partial<Access> & { readonly operationMs?: number; readonly secret?: string; readonly apiVersion?: string };

/** Azure with a VM and a scale set, and all that MIC does about their identities through Azure's SDK. */
export async function sdkAzure(over: Over = {}) {
  const { operationMs = 0, secret, apiVersion, credential, cloud: otherCloud, ...options } = over;
  const world = await createWorld();
  const entra = await startEntra({ world, tls });
  const arm = await startArm({ world, tls, operationMs });
  const cloud = otherCloud ?? { resourceManager: arm.url, activeDirectory: entra.url };
  const principal = world.createServicePrincipal();
  const config = {
    cloud: "AzureStackCloud",
    tenantId: principal.tenant,
    subscriptionId: world.subscription,
    resourceGroup: "rg",
    signIn: { kind: "secret", clientId: principal.clientId, secret: new Secret(principal.secret) },
  } as const;
  const calls: ArmCall[] = [];
  const ca = authority.caPem;
  const signIn = (secret: string) => () =>
    createCredential({ ...config, signIn: { ...config.signIn, secret: new Secret(secret) } }, cloud, { ca });
  const good: Access = { cloud, credential: credential ?? signIn(secret ?? principal.secret) };
  const bad: Access = { cloud, credential: signIn("not-the-secret") };
  let access = good;
  const sdk = { access: () => access, ca, userAgent: "test", ...(apiVersion === undefined ? {} : { apiVersion }) };
  const compute = new SdkCompute(sdk);
  const machines = new ArmMachines({
    compute,
    retryIntervalMs: 0,
    onCall: (call) => calls.push(call),
    ...options,
  });
  const identity = (name: string) => resourceKey(world.createIdentity({ resourceGroup: "rg", name }).id);
  const vm = world.createVm({ resourceGroup: "rg", name: "vm-0" });
  const scaleSet = world.createScaleSet({ resourceGroup: "rg", name: "pool", instances: 2, systemAssigned: true });
  const on = (id: string) => world.identitiesOn(id).map(resourceKey).sort();
  const stop = () => Promise.all([arm[Symbol.asyncDispose](), entra[Symbol.asyncDispose]()]).then(() => {});
  const use = (other: Access) => {
    access = other;
  };
  const parts = { world, principal, compute, machines, calls, accesses: { good, bad }, use };
  return { ...parts, identity, vm, scaleSet, on, [Symbol.asyncDispose]: stop };
}
