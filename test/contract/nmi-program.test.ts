import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { type KubeApi, startKubeApi } from "../../src/sandbox/kube-api/server.ts";
import { FakeImds } from "../support/fake-imds.ts";
import { identityId } from "../support/make.ts";
import { type RunningProgram, startProgram } from "../support/program.ts";
import { RawKube } from "../support/raw-kube.ts";

const crds = join(import.meta.dirname, "../../charts/aad-pod-identity/crds/crd.yaml");
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
  let api: KubeApi;
  let kube: RawKube;
  let imds: FakeImds;
  let folder: string;
  let nmi: RunningProgram;
  let port: number;

  beforeAll(async () => {
    api = await startKubeApi();
    kube = new RawKube(api.url);
    imds = await FakeImds.start();
    imds.put(reader.spec.clientID, reader.spec.resourceID);
    folder = await mkdtemp(join(tmpdir(), "nmi-"));
    await writeFile(join(folder, "kubeconfig"), kubeconfig(api.url));
    for (const crd of parseAllDocuments(readFileSync(crds, "utf8"))) {
      await kube.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd.toJS());
    }
    nmi = startProgram(
      "nmi",
      [
        ...["--node=node-0", "--skip-iptables", "--nmi-port=0", "--http-probe-port=0", "--prometheus-port=0"],
        ...["--retry-attempts-for-created=5", "--retry-attempts-for-assigned=5", "--find-identity-retry-interval=1"],
        ...["--metadata-ip=127.0.0.1", `--metadata-port=${imds.port}`],
      ],
      { env: { KUBECONFIG: join(folder, "kubeconfig") } },
    );
    await nmi.says("listening on 127.0.0.1:");
    port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(nmi.output())?.[1]);
  });
  afterAll(async () => {
    await nmi[Symbol.asyncDispose]();
    await imds[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  /** A token request from an address. */
  function ask(localAddress: string): Promise<{ readonly status: number; readonly body: string }> {
    const path = "/metadata/identity/oauth2/token/?api-version=2018-02-01&resource=https://vault.azure.net";
    return new Promise((resolve, reject) => {
      send({ host: "127.0.0.1", port, path, localAddress, headers: { Metadata: "true" }, agent: false }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      })
        .once("error", reject)
        .end();
    });
  }

  async function createPod(
    name: string,
    address: string,
    labels: Readonly<Record<string, string>>,
    nodeName = "node-0",
  ): Promise<void> {
    await kube.call("POST", "/api/v1/namespaces/default/pods", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...meta(name), labels },
      spec: { nodeName, containers: [{ name: "main", image: "web" }] },
    });
    const status = { phase: "Running", podIP: address, podIPs: [{ ip: address }] };
    await kube.call("PATCH", `/api/v1/namespaces/default/pods/${name}/status`, { status });
  }

  it("answers a waiting pod the moment its identity is Assigned, and another pod never", async () => {
    await createPod("web", "127.9.8.7", { aadpodidbinding: "demo" });
    await createPod("other", "127.9.8.8", {});
    await kube.call("POST", `${group}/azureidentities`, reader);
    await kube.call("POST", `${group}/azureidentitybindings`, bound);
    const waiting = ask("127.9.8.7");
    await kube.call("POST", `${group}/azureassignedidentities`, record);
    await kube.call("PATCH", `${group}/azureassignedidentities/web-default-reader`, { status: { status: "Assigned" } });
    const { status, body } = await waiting;
    expect([status, JSON.parse(body).access_token]).toEqual([200, "token-1-of-client-of-reader"]);
    expect((await ask("127.9.8.8")).status).toBe(404);
  });

  it("knows no pod of another node", async () => {
    await createPod("elsewhere", "127.9.8.9", { aadpodidbinding: "demo" }, "node-1");
    await createPod("last", "127.9.8.10", {});
    await expect.poll(async () => (await ask("127.9.8.10")).status, { timeout: 30_000 }).toBe(404);
    expect((await ask("127.9.8.9")).status).toBe(503);
  });

  it("keeps tokens of an identity only as long as a pod of the node has it", async () => {
    const setState = (status: string) =>
      kube.call("PATCH", `${group}/azureassignedidentities/web-default-reader`, { status: { status } });
    await setState("Unassigned");
    await expect.poll(async () => (await ask("127.9.8.7")).status, { timeout: 30_000 }).toBe(404);
    await setState("Assigned");
    await expect.poll(async () => (await ask("127.9.8.7")).status, { timeout: 30_000 }).toBe(200);
    expect(JSON.parse((await ask("127.9.8.7")).body).access_token).toBe("token-2-of-client-of-reader");
  });

  it("gives nothing any more once the identity is deleted", async () => {
    await kube.call("DELETE", `${group}/azureidentities/reader`);
    await expect.poll(async () => (await ask("127.9.8.7")).status, { timeout: 30_000 }).toBe(404);
  });

  it("tells its probes and metrics where it says they are", async () => {
    const portOf = (pattern: RegExp) => Number(pattern.exec(nmi.output())?.[1]);
    const probe = await fetch(`http://127.0.0.1:${portOf(/initialized health probe on port (\d+)/)}/healthz`);
    expect(await probe.text()).toBe("Active");
    const metrics = await fetch(`http://127.0.0.1:${portOf(/exported metrics on port (\d+)/)}/metrics`);
    const families = await metrics.text();
    expect(families).toContain("aadpodidentity_nmi_operations_duration_seconds_count");
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
    await using other = startProgram(
      "nmi",
      [
        ...["--node=node-0", "--skip-iptables", "--nmi-port=0", "--http-probe-port=0", "--prometheus-port=0"],
        "--forceNamespaced=false",
      ],
      { env: { KUBECONFIG: join(folder, "kubeconfig"), FORCENAMESPACED: "true" } },
    );
    await other.says("running NMI in namespaced mode: true");
  });

  it("logs no token and ends well when told to", async () => {
    nmi.kill("SIGTERM");
    const { code, stderr } = await nmi.ended;
    expect(code).toBe(0);
    expect(stderr).toContain("received SIGTERM, shutting down");
    expect(stderr).not.toContain("token-1");
  });
});

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "test", user: {} }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}
