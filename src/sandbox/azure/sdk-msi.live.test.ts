import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { beforeAll, describe, expect, it } from "vitest";
import { signedIn, trustAuthority, vendorAzure } from "../../../test/support/azure/vendor-azure.ts";

/** `@azure/arm-msi` as it is, against Resource Manager over TLS. */

beforeAll(trustAuthority);

async function identities() {
  const azure = await vendorAzure();
  azure.world.createResourceGroup("identities");
  const client = new ManagedServiceIdentityClient(signedIn(azure), azure.world.subscription, {
    endpoint: azure.arm.url,
    credentialScopes: "https://management.azure.com/.default",
    retryOptions: { maxRetries: 0 },
  });
  return { ...azure, client };
}

const namesOf = async (all: AsyncIterable<{ readonly name?: string }>) => {
  const names: (string | undefined)[] = [];
  for await (const { name } of all) names.push(name);
  return names;
};

describe("@azure/arm-msi", () => {
  it("makes an identity, changes its tags, reads and deletes it", async () => {
    await using azure = await identities();
    const { world, client } = azure;
    const { userAssignedIdentities } = client;

    const { location } = world;
    const made = await userAssignedIdentities.createOrUpdate("identities", "demo", { location, tags: { team: "a" } });
    expect(made).toMatchObject({ name: "demo", location, tenantId: world.tenant, tags: { team: "a" } });
    const { clientId, principalId } = world.identity(made.id ?? "") ?? {};
    expect(made).toMatchObject({ clientId, principalId });
    const changed = await userAssignedIdentities.update("identities", "demo", { tags: { team: "b" } });
    expect(changed).toEqual({ ...made, tags: { team: "b" } });
    expect(await userAssignedIdentities.get("identities", "demo")).toEqual(changed);

    await userAssignedIdentities.delete("identities", "demo");
    const gone = { statusCode: 404, code: "ResourceNotFound" };
    await expect(userAssignedIdentities.get("identities", "demo")).rejects.toMatchObject(gone);
    await expect(userAssignedIdentities.update("identities", "demo", { tags: {} })).rejects.toMatchObject(gone);
    await userAssignedIdentities.delete("identities", "demo"); // 204, as Azure says it
  });

  it("lists those of a resource group, and of the subscription", async () => {
    await using azure = await identities();
    for (const [resourceGroup, name] of [
      ["identities", "one"],
      ["identities", "two"],
      ["others", "three"],
    ] as const)
      azure.world.createIdentity({ resourceGroup, name });
    const { userAssignedIdentities } = azure.client;

    expect(await namesOf(userAssignedIdentities.listByResourceGroup("identities"))).toEqual(["one", "two"]);
    expect(await namesOf(userAssignedIdentities.listBySubscription())).toEqual(["one", "two", "three"]);
    const missing = namesOf(userAssignedIdentities.listByResourceGroup("missing"));
    await expect(missing).rejects.toMatchObject({ statusCode: 404, code: "ResourceGroupNotFound" });
  });

  it("keeps whom an identity trusts", async () => {
    await using azure = await identities();
    const { principalId } = azure.world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const { federatedIdentityCredentials } = azure.client;
    const trust = { issuer: "https://issuer.test", subject: "someone", audiences: ["api://AzureADTokenExchange"] };

    const made = await federatedIdentityCredentials.createOrUpdate("identities", "demo", "trust", trust);
    expect(made).toMatchObject({ name: "trust", ...trust });
    expect(azure.world.federation.of(principalId)).toEqual([{ name: "trust", ...trust }]);
    expect(await federatedIdentityCredentials.get("identities", "demo", "trust")).toEqual(made);
    expect(await namesOf(federatedIdentityCredentials.list("identities", "demo"))).toEqual(["trust"]);
    await federatedIdentityCredentials.delete("identities", "demo", "trust");
    expect(azure.world.federation.of(principalId)).toEqual([]);
  });

  it("reads the identity that a machine has of its own", async () => {
    await using azure = await identities();
    const { world, client } = azure;
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0", systemAssigned: true });
    const plain = world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 1 });
    const { systemAssignedIdentities } = client;

    expect(await systemAssignedIdentities.getByScope(vm.id.slice(1))).toMatchObject({
      name: "default",
      type: "Microsoft.ManagedIdentity/identities",
      location: world.location,
      tenantId: world.tenant,
      principalId: vm.identity.systemAssigned?.principalId,
      clientId: vm.identity.systemAssigned?.clientId,
    });
    for (const id of [plain.id, plain.id.replace("pool", "missing")])
      await expect(systemAssignedIdentities.getByScope(id.slice(1))).rejects.toMatchObject({ statusCode: 404 });
  });
});
