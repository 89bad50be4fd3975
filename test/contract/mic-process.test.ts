import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BINDING_LABEL, kinds } from "../../src/api/kinds.ts";
import { micCommands } from "../support/mic/process.ts";
import { type MicPlace, micPlace } from "../support/mic/program.ts";

const never = new AbortController().signal;
const within = { timeout: 45_000, interval: 50 };
const isRoot = process.getuid?.() === 0;
let place: MicPlace;
let vmId = "";

beforeEach(async () => {
  place = await micPlace();
  const vm = place.world.createVm({ resourceGroup: "rg", name: "vm-0" });
  const { id, clientId } = place.world.createIdentity({ resourceGroup: "rg", name: "demo" });
  vmId = vm.id;
  await place.create(kinds.node, "vm-0", { providerID: `azure://${vm.id}` });
  await place.create(kinds.identity, "demo", { type: 0, resourceID: id, clientID: clientId });
  await place.create(kinds.binding, "demo", { azureIdentity: "demo", selector: "demo" });
});
afterEach(() => place[Symbol.asyncDispose]());

function labelledPod(name: string): Promise<unknown> {
  const spec = { nodeName: "vm-0", containers: [{ name: "main", image: "demo" }] };
  return place.create(kinds.pod, name, spec, { [BINDING_LABEL]: "demo" });
}

describe("a dry run", () => {
  it("prints what would be done beside a leader, and changes nothing", async () => {
    await labelledPod("web");
    await using mic = place.start([...(await place.flags("dry")), "--dry-run"]);
    expect(await mic.exit).toBe(0);
    expect(mic.text).toContain("1 AzureAssignedIdentities shall exist");
    expect(mic.text).toContain("web-default-demo");
    expect(await place.states()).toEqual([]);
    expect(place.world.identitiesOn(vmId)).toEqual([]);
    expect(await place.client.list(kinds.lease, {}, never)).toEqual([]);
    expect(mic.text).not.toContain("health probe on port");
  });

  it("prints JSON for programs", async () => {
    await labelledPod("web");
    await using mic = place.start([...(await place.flags("dry")), "--dry-run=json"]);
    expect(await mic.exit).toBe(0);
    const plan: unknown = JSON.parse(mic.text.slice(mic.text.indexOf("{")));
    expect(plan).toMatchObject({ wanted: 1, machines: [{ machine: vmId.toLowerCase() }], notes: [] });
  });

  it("does not wait for a wrong azure.json", async () => {
    await writeFile(place.azureJson, "{");
    await using mic = place.start([...(await place.flags("dry")), "--dry-run"]);
    expect(await mic.exit).toBe(2);
    expect(mic.text).toMatch(/^mic: the cloud configuration in .* cannot be used/m);
    expect(mic.text).not.toContain("waits until");
  });

  it("does not wait for a permission that is not there", async () => {
    place.api.failNext({ verb: "list", resource: "nodes" }, { code: 403, message: "nodes is forbidden" }, 1_000);
    await using mic = place.start([...(await place.flags("dry")), "--dry-run"]);
    expect(await mic.exit).toBe(1);
    expect(mic.text).toMatch(/^mic: .*nodes is forbidden/m);
  });

  it("does not wait for an API server that is away", async () => {
    const flags = await place.flags("dry");
    await place.api[Symbol.asyncDispose]();
    await using mic = place.start([...flags, "--dry-run"]);
    expect(await mic.exit).toBe(1);
    expect(mic.text).toMatch(/^mic: .*does not answer|^mic: .*cannot reach/m);
  }, 60_000);
});

it("keeps its lease however many writes wait for their turn", async () => {
  const renewals = new Set<unknown>();
  const leaseNow = async () => {
    const leases = (await place.client.list(kinds.lease, {}, never)) as {
      spec: { renewTime: string; holderIdentity: string };
    }[];
    for (const { spec } of leases) if (spec.holderIdentity === "slow") renewals.add(spec.renewTime);
    return renewals.size;
  };
  for (let i = 0; i < 20; i += 1) await labelledPod(`web-${i}`);
  // One request in two seconds: behind twenty records a renewal would come too late.
  await using mic = place.start([...(await place.flags("slow")), "--clientQps=0.5"]);
  await expect.poll(leaseNow, { timeout: 60_000, interval: 100 }).toBeGreaterThan(3);
  expect(mic.text).not.toContain("leader lease lost");
  expect((await place.states()).length).toBeLessThan(20);
}, 90_000);

it.skipIf(!isRoot)("needs no capability of the system: uid 0 is for reading azure.json alone", async () => {
  await labelledPod("web");
  const bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"] as const;
  await using mic = place.start(await place.flags("bare"), undefined, [...bare, ...micCommands.source]);
  await expect.poll(place.states, within).toEqual(["web-default-demo Assigned"]);
  expect(await mic.stop()).toBe(0);
});

it("goes through a proxy that is named without a scheme, to sign in and to change machines", async () => {
  const asked = new Set<string>();
  const proxy = createServer().on("connect", ({ url = "" }, socket) => {
    asked.add(url);
    const onward = connect(Number(new URL(`http://${url}`).port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on("error", () => {});
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const HTTPS_PROXY = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await labelledPod("web");
  await using mic = place.start(await place.flags("first"), { MIC_POD_NAMESPACE: "default", HTTPS_PROXY });
  await expect.poll(place.states, within).toEqual(["web-default-demo Assigned"]);
  expect(asked.size).toBe(2); // of Entra ID and of Resource Manager
  expect(mic.text).not.toMatch(/HTTPS_PROXY/);
  proxy.close();
});
