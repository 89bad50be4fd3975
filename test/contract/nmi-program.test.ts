import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identityId } from "../support/make.ts";
import { askNmi, type NmiWorld, nmiWorld, type RunningNmi } from "../support/nmi/world.ts";

const group = "/apis/aadpodidentity.k8s.io/v1/namespaces/default";
const apiVersion = "aadpodidentity.k8s.io/v1";
const meta = (name: string) => ({ name, namespace: "default" });
const reader = {
  apiVersion,
  kind: "AzureIdentity",
  metadata: meta("reader"),
  spec: { type: 0, resourceID: identityId("reader"), clientID: "client-of-reader" },
};
const bound = {
  apiVersion,
  kind: "AzureIdentityBinding",
  metadata: meta("reader-binding"),
  spec: { azureIdentity: "reader", selector: "demo" },
};
const record = {
  apiVersion,
  kind: "AzureAssignedIdentity",
  metadata: { ...meta("web-default-reader"), labels: { nodename: "node-0" } },
  spec: { azureIdentityRef: reader, azureBindingRef: bound, pod: "web", podNamespace: "default", nodename: "node-0" },
  status: { status: "Created" },
};

describe("the program nmi", () => {
  let world: NmiWorld;
  let nmi: RunningNmi;

  beforeAll(async () => {
    world = await nmiWorld();
    world.imds.put(reader.spec.clientID, reader.spec.resourceID);
    const patience = ["--retry-attempts-for-created=5", "--retry-attempts-for-assigned=5"];
    nmi = await world.start([...patience, "--find-identity-retry-interval=1"]);
  });
  afterAll(async () => {
    await nmi[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  /** A token request from an address. */
  const ask = (from: string) => askNmi(nmi, { from });

  it("answers a waiting pod the moment its identity is Assigned, and another pod never", async () => {
    await world.createPod("web", "127.9.8.7", { aadpodidbinding: "demo" });
    await world.createPod("other", "127.9.8.8", {});
    await world.kube.call("POST", `${group}/azureidentities`, reader);
    await world.kube.call("POST", `${group}/azureidentitybindings`, bound);
    const waiting = ask("127.9.8.7");
    await world.kube.call("POST", `${group}/azureassignedidentities`, record);
    await world.kube.call("PATCH", `${group}/azureassignedidentities/web-default-reader`, {
      status: { status: "Assigned" },
    });
    const { status, body } = await waiting;
    expect([status, body.access_token]).toEqual([200, "token-1-of-client-of-reader"]);
    expect((await ask("127.9.8.8")).status).toBe(404);
  });

  it("tells by a file of its own that it serves", async () => {
    const folder = await mkdtemp(join(tmpdir(), "started-"));
    const file = join(folder, "nmi");
    await using _other = await world.start([`--started-file=${file}`]);
    await expect.poll(() => existsSync(file), { timeout: 30_000 }).toBe(true);
    await rm(folder, { recursive: true });
  });

  it("ends when the port of its probes is another program's, and costs the NMI that has its own no request", async () => {
    await world.createPod("unbound", "127.9.8.20", {});
    await expect.poll(async () => (await ask("127.9.8.20")).status, { timeout: 30_000 }).toBe(404);
    await using foreign = createServer().listen(0);
    await once(foreign, "listening");
    const ports = [`--nmi-port=${nmi.port}`, `--http-probe-port=${(foreign.address() as AddressInfo).port}`];
    await using other = await world.start(ports);
    let hasEnded = false;
    void other.program.ended.then(() => {
      hasEnded = true;
    });
    while (!hasEnded) expect((await ask("127.9.8.20")).status).toBe(404);
    expect((await other.program.ended).code).toBe(1);
    expect(other.program.output()).toMatch(/nmi: cannot listen on \S+: another program uses the port/);
    expect(other.program.output()).not.toMatch(/API server/); // its own end is no trouble with that
  });

  it("starts where no request can go through the proxy of its environment, and tells no word of its password", async () => {
    await using other = await world.start([], { HTTPS_PROXY: "http://svc:50%off@proxy.corp:3128", https_proxy: "" });
    await other.program.says("variable HTTPS_PROXY does not name a proxy: write http://");
    expect(other.program.output()).not.toMatch(/50%off|defect/);
  });

  it("serves pods without its metrics while another program has their port, and listens there once it is free", async () => {
    const foreign = createServer().listen(0);
    await once(foreign, "listening");
    const { port } = foreign.address() as AddressInfo;
    await world.createPod("unmeasured", "127.9.8.21", {});
    await using other = await world.start([`--prometheus-port=${port}`]);
    await expect.poll(async () => (await askNmi(other, { from: "127.9.8.21" })).status, { timeout: 30_000 }).toBe(404);
    await other.program.says(
      /E\d.*another program uses the port.*--prometheus-port; NMI serves pods without its metrics/,
    );
    const [, probes] = /initialized health probe on port (\d+)/.exec(other.program.output()) ?? [];
    expect((await fetch(`http://127.0.0.1:${probes}/readyz`)).status).toBe(200);
    foreign.close();
    await other.program.says(`registered and exported metrics on port ${port}`);
  });

  it("passes documents on for pods of its node and the node alone where others reach it", async () => {
    await using open = await world.start(["--nmi-listen-address=0.0.0.0"]);
    const read = async (from: string, { port } = open) =>
      (await askNmi({ ...open, port }, { from, path: "/metadata/instance?api-version=2021-02-01" })).status;
    await world.createPod("reading", "127.9.8.11", {});
    await expect.poll(() => read("127.9.8.11"), { timeout: 30_000 }).toBe(200);
    expect([await read("127.0.0.1"), await read("127.9.8.99")]).toEqual([200, 503]);
    expect(await read("127.9.8.99", nmi)).toBe(200);
  });

  it("knows no pod of another node", async () => {
    await world.createPod("elsewhere", "127.9.8.9", { aadpodidbinding: "demo" }, "node-1");
    await world.createPod("last", "127.9.8.10", {});
    await expect.poll(async () => (await ask("127.9.8.10")).status, { timeout: 30_000 }).toBe(404);
    expect((await ask("127.9.8.9")).status).toBe(503);
  });

  it("keeps tokens of an identity only as long as a pod of the node has it", async () => {
    const setState = (status: string) =>
      world.kube.call("PATCH", `${group}/azureassignedidentities/web-default-reader`, { status: { status } });
    const token = async () => (await ask("127.9.8.7")).body.access_token;
    const before = await token();
    expect(await token()).toBe(before);
    await setState("Unassigned");
    await expect.poll(async () => (await ask("127.9.8.7")).status, { timeout: 30_000 }).toBe(404);
    await setState("Assigned");
    await expect.poll(async () => (await ask("127.9.8.7")).status, { timeout: 30_000 }).toBe(200);
    expect(await token()).toMatch(/^token-\d+-of-client-of-reader$/);
    expect(await token()).not.toBe(before);
  });

  /** Asks again and again on one connection. */
  function clientAt(from: string, { port }: RunningNmi) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const options = { host: "127.0.0.1", port, localAddress: from, agent, headers: { Metadata: "true" } };
    const path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://storage.azure.com";
    const status = () =>
      new Promise<number | undefined>((resolve, reject) => {
        get({ ...options, path }, (response) => response.resume().once("end", () => resolve(response.statusCode))).once(
          "error",
          reject,
        );
      });
    return { status, [Symbol.dispose]: () => agent.destroy() };
  }

  it("lets an exception count at once for a client that repeats itself on its connection", async () => {
    using client = clientAt("127.9.8.7", nmi);
    for (let time = 0; time < 4; time += 1) {
      await expect.poll(client.status, { timeout: 30_000 }).toBe(200);
      await world.create("AzurePodIdentityException", `web-${time}`, { podLabels: { aadpodidbinding: "demo" } });
      while ((await ask("127.9.8.7")).status === 200) await client.status();
      // Passed on as it is, it names no identity, and there IMDS knows none.
      expect(await client.status()).toBe(400);
      await world.kube.call("DELETE", `${group}/azurepodidentityexceptions/web-${time}`);
    }
  });

  it("asks IMDS for each request where its cache is switched off", async () => {
    await using other = await world.start(["--token-cache=false"]);
    using client = clientAt("127.9.8.7", other);
    await expect.poll(client.status, { timeout: 30_000 }).toBe(200);
    const before = world.imds.tokenRequests.length;
    for (let time = 0; time < 3; time += 1) expect(await client.status()).toBe(200);
    expect(world.imds.tokenRequests.length - before).toBe(3);
  });

  it("gives nothing any more once the identity is deleted", async () => {
    await world.kube.call("DELETE", `${group}/azureidentities/reader`);
    await expect.poll(async () => (await ask("127.9.8.7")).status, { timeout: 30_000 }).toBe(404);
  });

  it("tells its probes and metrics where it says they are", async () => {
    const portOf = (pattern: RegExp) => Number(pattern.exec(nmi.program.output())?.[1]);
    const probe = await fetch(`http://127.0.0.1:${portOf(/initialized health probe on port (\d+)/)}/healthz`);
    expect(await probe.text()).toBe("Active");
    const metrics = await fetch(`http://127.0.0.1:${portOf(/exported metrics on port (\d+)/)}/metrics`);
    const families = await metrics.text();
    expect(families).toContain("aadpodidentity_nmi_operations_duration_seconds_count");
    expect(families).toMatch(/^aadpodidentity_nmi_serving 1$/m);
    const contacts = [...families.matchAll(/^aadpodidentity_nmi_watch_contact_timestamp_seconds\{.*"(.*)"\} (.*)$/gm)];
    expect(contacts.map(([, resource]) => resource).sort()).toEqual([
      "azureassignedidentities",
      "azureidentities",
      "azureidentitybindings",
      "azurepodidentityexceptions",
      "pods",
    ]);
    const agesMs = contacts.map(([, , seconds]) => Date.now() - Number(seconds) * 1000);
    expect(agesMs.filter((ms) => ms < -60_000 || ms > 10 * 60_000)).toEqual([]);
  });

  it("confines identities to their namespaces when the variable says so, whatever the flag says", async () => {
    await using other = await world.start(["--forceNamespaced=false"], { FORCENAMESPACED: "true" });
    expect(other.program.output()).toContain("running NMI in namespaced mode: true");
  });

  it("logs no token and ends well when told to", async () => {
    nmi.program.kill("SIGTERM");
    const { code, stderr } = await nmi.program.ended;
    expect(code).toBe(0);
    expect(stderr).toContain("received SIGTERM, shutting down");
    expect(stderr).not.toContain("token-1");
  });
});
