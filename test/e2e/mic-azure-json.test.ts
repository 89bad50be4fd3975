import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { BINDING_LABEL, kinds } from "../../src/api/kinds.ts";
import { startArm } from "../../src/sandbox/azure/arm.ts";
import { type MicPlace, micPlace } from "../support/mic/program.ts";
import { settled } from "../support/time/settled.ts";

/** MIC's own way to Azure is wrong: it says what to mend, and goes on when it is mended, without a restart. */

const assigned = ["web-default-demo Assigned"];

/** A pod with a binding and an identity on a VM. */
async function deploy(place: MicPlace): Promise<void> {
  const vm = place.world.createVm({ resourceGroup: "rg", name: "vm-0" });
  const { id, clientId } = place.world.createIdentity({ resourceGroup: "rg", name: "demo" });
  await place.create(kinds.node, "vm-0", { providerID: `azure://${vm.id}` });
  await place.create(kinds.identity, "demo", { type: 0, resourceID: id, clientID: clientId });
  await place.create(kinds.binding, "demo", { azureIdentity: "demo", selector: "demo" });
  await pod(place, "web");
}

async function pod(place: MicPlace, name: string): Promise<void> {
  const spec = { nodeName: "vm-0", containers: [{ name: "main", image: "demo" }] };
  await place.create(kinds.pod, name, spec, { [BINDING_LABEL]: "demo" });
}

type Settings = Readonly<Record<string, string>>;

describe.concurrent("azure.json at the start", () => {
  it.each<{ cause: string; change: (good: Settings) => string; says: RegExp }>([
    { cause: "is half written", change: (good) => JSON.stringify(good).slice(0, 40), says: /azure\.json/ },
    { cause: "lacks a key", change: (good) => JSON.stringify({ ...good, subscriptionId: "" }), says: /subscriptionId/ },
    {
      cause: "names an unknown cloud",
      change: (good) => JSON.stringify({ ...good, cloud: "AzureMoonCloud" }),
      says: /AzureMoonCloud.*AzurePublicCloud/,
    },
  ])("$cause: MIC is not ready and says so, and leads once it is mended", async ({ change, says }) => {
    await using place = await micPlace();
    const good = await readFile(place.azureJson, "utf8");
    await writeFile(place.azureJson, change(JSON.parse(good)));
    await using mic = place.startBuilt(await place.flags("mic"));
    await deploy(place);
    await settled(() => mic.text).toMatch(says);
    await settled(() => mic.text).toMatch(/health probe on port/);
    await settled(() => mic.ask("health probe", "/readyz")).toMatch(says);
    expect(await place.states()).toEqual([]);
    await writeFile(place.azureJson, good);
    await settled(place.states).toEqual(assigned);
    expect(await mic.ask("health probe", "/readyz")).toBe("Ready");
    expect(mic.text).not.toContain(JSON.parse(good).aadClientSecret);
  });

  it.each<{ cause: string; over: Settings; says: RegExp }>([
    { cause: "names a tenant that does not exist", over: { tenantId: crypto.randomUUID() }, says: /tenant/i },
    { cause: "holds a wrong secret", over: { aadClientSecret: "wrong" }, says: /secret/i },
  ])("$cause: pods are told, and get their identities once it is mended", async ({ over, says }) => {
    await using place = await micPlace();
    const good = await readFile(place.azureJson, "utf8");
    await writeFile(place.azureJson, JSON.stringify({ ...JSON.parse(good), ...over }));
    await using mic = place.startBuilt(await place.flags("mic"));
    await deploy(place);
    await settled(() => mic.text).toMatch(says);
    await settled(async () => JSON.stringify(await place.client.list(kinds.event, {}, place.signal))).toMatch(says);
    expect(await place.states()).toEqual(["web-default-demo Created"]);
    await writeFile(place.azureJson, good);
    await settled(place.states).toEqual(assigned);
  });
});

describe.concurrent("azure.json while MIC runs", () => {
  it("is spoiled: MIC says so, goes on with the last good one, and takes the next good one", async () => {
    await using place = await micPlace();
    const good = await readFile(place.azureJson, "utf8");
    await using mic = place.startBuilt(await place.flags("mic"));
    await deploy(place);
    await settled(place.states).toEqual(assigned);
    await writeFile(place.azureJson, "{");
    await settled(() => mic.text).toMatch(/azure\.json.*last good/i);
    await pod(place, "other");
    await settled(place.states).toEqual(["other-default-demo Assigned", ...assigned]);
    await writeFile(place.azureJson, good);
    await settled(() => mic.text).toMatch(/azure\.json.*(well|again)/i);
  });

  it("is right, but Azure is not there: MIC says so, and assigns when it is", async () => {
    await using place = await micPlace();
    const port = await freePort();
    const endpoints = await place.endpointsWith({ resourceManagerEndpoint: `https://127.0.0.1:${port}/` });
    const env = { AZURE_ENVIRONMENT_FILEPATH: endpoints };
    await using mic = place.startBuilt(await place.flags("mic"), env);
    await deploy(place);
    await settled(() => mic.text).toMatch(/does not answer \(ECONNREFUSED\)/);
    expect(await place.states()).toEqual(["web-default-demo Created"]);
    await using _ = await startArm({ world: place.world, tls: place.tls, port });
    await settled(place.states).toEqual(assigned);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
