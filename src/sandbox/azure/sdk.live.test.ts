import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ComputeManagementClient } from "@azure/arm-compute";
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
} from "@azure/identity";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Authority, createAuthority, type ServerCertificate } from "../certificates.ts";
import { startArm } from "./arm.ts";
import { startEntra } from "./entra.ts";
import { startImds } from "./imds.ts";
import { SigningKey } from "./signing-key.ts";
import { createWorld, type World } from "./world.ts";

/** The vendor's own clients, as they are, against the emulators over TLS. */

const ARM_SCOPE = "https://management.azure.com/.default";
let authority: Authority;
let tls: ServerCertificate;

beforeAll(async () => {
  authority = await createAuthority();
  tls = await authority.serverCertificate();
});
afterEach(() => vi.unstubAllEnvs());

async function signIn(world: World, entraUrl: string, secret?: string): Promise<ClientSecretCredential> {
  const principal = world.createServicePrincipal();
  return new ClientSecretCredential(principal.tenant, principal.clientId, secret ?? principal.secret, {
    authorityHost: entraUrl,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: authority.caPem },
  });
}

async function compute(world: World, operationMs = 0) {
  const entra = await startEntra({ world, tls });
  const arm = await startArm({ world, tls, operationMs });
  const client = new ComputeManagementClient(await signIn(world, entra.url), world.subscription, {
    endpoint: arm.url,
    credentials: { scopes: [ARM_SCOPE] },
    tlsOptions: { ca: authority.caPem },
    retryOptions: { maxRetries: 1, retryDelayInMs: 1 },
  });
  const [stopArm, stopEntra] = [() => arm[Symbol.asyncDispose](), () => entra[Symbol.asyncDispose]()];
  return { client, [Symbol.asyncDispose]: () => Promise.all([stopArm(), stopEntra()]).then(() => {}) };
}

describe("@azure/identity against Entra ID", () => {
  it("signs a service principal in with its secret", async () => {
    const world = await createWorld();
    await using entra = await startEntra({ world, tls });

    const { token, expiresOnTimestamp } = await (await signIn(world, entra.url)).getToken(ARM_SCOPE);

    expect(world.key.verified(token)).toMatchObject({ aud: "https://management.azure.com", tid: world.tenant });
    expect(expiresOnTimestamp).toBeGreaterThan(Date.now() + 50 * 60 * 1000);
  });

  it("tells a wrong secret by Entra's own number", async () => {
    const world = await createWorld();
    await using entra = await startEntra({ world, tls });

    const credential = await signIn(world, entra.url, "wrong");
    await expect(credential.getToken(ARM_SCOPE)).rejects.toThrow(/AADSTS7000215/);
  });
});

describe("@azure/identity against Entra ID, without a secret", () => {
  const options = (entraUrl: string) => ({
    authorityHost: entraUrl,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: authority.caPem },
  });

  it("signs in with a certificate", async () => {
    const world = await createWorld();
    await using entra = await startEntra({ world, tls });
    const file = join(import.meta.dirname, "../../../test/support/certificates/rsa.pem");
    const { clientId } = world.createServicePrincipal({ certificates: [readFileSync(file, "utf8")] });

    const credential = new ClientCertificateCredential(world.tenant, clientId, file, options(entra.url));
    const { token } = await credential.getToken(ARM_SCOPE);
    expect(world.key.verified(token)).toMatchObject({ appid: clientId });
  });

  it("signs a user-assigned identity in with the token of an issuer that it trusts", async () => {
    const world = await createWorld();
    await using entra = await startEntra({ world, tls });
    const { clientId, principalId } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const trusted = { issuer: "https://issuer.test", subject: "someone", audiences: ["api://AzureADTokenExchange"] };
    world.federation.put(principalId, { name: "trust", ...trusted });
    const issuer = await SigningKey.generate();
    world.federation.trust(trusted.issuer, [issuer.jwk]);
    const exp = Math.floor(Date.now() / 1000) + 600;
    const signIn = (sub: string) => {
      const assertion = issuer.sign({ iss: trusted.issuer, aud: trusted.audiences[0], sub, exp });
      const credential = new ClientAssertionCredential(
        world.tenant,
        clientId,
        async () => assertion,
        options(entra.url),
      );
      return credential.getToken(ARM_SCOPE);
    };

    expect(world.key.verified((await signIn("someone")).token)).toMatchObject({ appid: clientId, oid: principalId });
    await expect(signIn("somebody else")).rejects.toThrow(/AADSTS700213/);
  });
});

describe("@azure/arm-compute against Resource Manager", () => {
  it("puts an identity on a VM and takes it off again", async () => {
    const world = await createWorld();
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const { id } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    await using azure = await compute(world);
    const { virtualMachines } = azure.client;

    const assigned = await virtualMachines.update("nodes", "vm-0", {
      identity: { type: "UserAssigned", userAssignedIdentities: { [id.toLowerCase()]: {} } },
    });
    expect(Object.keys(assigned.identity?.userAssignedIdentities ?? {})).toEqual([id]);
    expect(world.identitiesOn(vm.id)).toEqual([id]);

    await virtualMachines.update("nodes", "vm-0", { identity: { type: "None" } });
    expect((await virtualMachines.get("nodes", "vm-0")).identity).toBeUndefined();
    expect(world.identitiesOn(vm.id)).toEqual([]);
  });

  it("waits for the long-running change of a scale set", async () => {
    const world = await createWorld();
    const scaleSet = world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 2 });
    const { id } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    await using azure = await compute(world, 300);

    const changed = await azure.client.virtualMachineScaleSets.update("nodes", "pool", {
      identity: { type: "UserAssigned", userAssignedIdentities: { [id]: {} } },
    });

    expect(changed.provisioningState).toBe("Succeeded");
    expect(world.traffic.calls("arm.operations.get")).toBeGreaterThan(0);
    expect(world.identitiesOn(scaleSet.id)).toEqual([id]);
  });

  it("sees Azure's code and message where an identity does not exist", async () => {
    const world = await createWorld();
    world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    const { id } = world.createIdentity({ resourceGroup: "identities", name: "gone" });
    world.deleteIdentity(id);
    await using azure = await compute(world);

    const change = azure.client.virtualMachines.update("nodes", "vm-0", {
      identity: { type: "UserAssigned", userAssignedIdentities: { [id]: {} } },
    });
    await expect(change).rejects.toMatchObject({
      statusCode: 400,
      code: "FailedIdentityOperation",
      message: expect.stringContaining(`Resource '${id}' was not found.`),
    });
  });

  it("honours Retry-After and tries again", async () => {
    const world = await createWorld();
    world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    await using azure = await compute(world);
    const throttled = { status: 429, code: "TooManyRequests", message: "slow down", retryAfterSeconds: 0 };
    world.traffic.failNext("arm.virtualMachines.get", throttled);

    expect((await azure.client.virtualMachines.get("nodes", "vm-0")).name).toBe("vm-0");
    expect(world.traffic.calls("arm.virtualMachines.get")).toBe(2);
  });

  it("creates a scale set with an identity, grows it and deletes it", async () => {
    const world = await createWorld();
    const { id } = world.createIdentity({ resourceGroup: "nodes", name: "demo" });
    await using azure = await compute(world, 100);
    const { virtualMachineScaleSets } = azure.client;
    const identity = { type: "UserAssigned", userAssignedIdentities: { [id]: {} } } as const;

    const made = await virtualMachineScaleSets.createOrUpdate("nodes", "pool", {
      location: world.location,
      sku: { name: "Standard_D2s_v5", capacity: 2 },
      identity,
    });
    expect([made.provisioningState, made.sku?.capacity]).toEqual(["Succeeded", 2]);
    expect(world.identitiesOn(made.id ?? "")).toEqual([id]);
    expect((await virtualMachineScaleSets.update("nodes", "pool", { sku: { capacity: 3 } })).sku?.capacity).toBe(3);
    await virtualMachineScaleSets.delete("nodes", "pool");
    await expect(virtualMachineScaleSets.get("nodes", "pool")).rejects.toMatchObject({ code: "ResourceNotFound" });
  });

  it("lists the machines of a resource group", async () => {
    const world = await createWorld();
    world.createVm({ resourceGroup: "nodes", name: "vm-0" });
    world.createVm({ resourceGroup: "others", name: "vm-1" });
    world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 1 });
    await using azure = await compute(world);

    const names: (string | undefined)[] = [];
    for await (const vm of azure.client.virtualMachines.list("nodes")) names.push(vm.name);
    for await (const scaleSet of azure.client.virtualMachineScaleSets.list("nodes")) names.push(scaleSet.name);
    expect(names).toEqual(["vm-0", "pool"]);
  });

  it("lists and reads the instances of a scale set", async () => {
    const world = await createWorld();
    const pool = world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 2 });
    await using azure = await compute(world);
    const { virtualMachineScaleSetVMs } = azure.client;

    const seen: unknown[] = [];
    for await (const { id, instanceId } of virtualMachineScaleSetVMs.list("nodes", "pool")) seen.push([id, instanceId]);
    expect(seen).toEqual(["0", "1"].map((number) => [`${pool.id}/virtualMachines/${number}`, number]));
    expect(await virtualMachineScaleSetVMs.get("nodes", "pool", "1")).toMatchObject({ name: "pool_1" });
    await expect(virtualMachineScaleSetVMs.get("nodes", "pool", "2")).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe("@azure/identity against IMDS", () => {
  it("gets tokens of the identities on the machine, and is refused others", async () => {
    const world = await createWorld();
    const demo = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const other = world.createIdentity({ resourceGroup: "identities", name: "other" });
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: [demo.id] });
    await using imds = await startImds({ world, machine: vm.id });
    vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.url);
    const getToken = (clientId: string) => new ManagedIdentityCredential({ clientId }).getToken(ARM_SCOPE);

    const { token } = await getToken(demo.clientId);
    expect(world.key.verified(token)).toMatchObject({ appid: demo.clientId, xms_mirid: demo.id });
    await expect(getToken(other.clientId)).rejects.toThrow(/Identity not found/);
  });
});
