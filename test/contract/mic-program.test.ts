import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BINDING_LABEL, type Kind, kinds } from "../../src/api/kinds.ts";
import { createLog } from "../../src/base/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { startArm } from "../../src/sandbox/azure/arm.ts";
import { startEntra } from "../../src/sandbox/azure/entra.ts";
import { createWorld, type World } from "../../src/sandbox/azure/world.ts";
import { createAuthority } from "../../src/sandbox/certificates.ts";
import { type KubeApi, startKubeApi } from "../../src/sandbox/kube-api/server.ts";
import { ApiProxy } from "../support/api-proxy.ts";
import { crdsInto } from "../support/mic-cluster.ts";

/** The program as it is shipped, in a process of its own, on an API server and an Azure in this one. */

const never = new AbortController().signal;
const within = { timeout: 25_000, interval: 50 };
const stack = new AsyncDisposableStack();
let folder: string;
let world: World;
let api: KubeApi;
let client: KubeClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mic-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const authority = await createAuthority();
  const tls = await authority.serverCertificate();
  world = await createWorld();
  const arm = stack.use(await startArm({ world, tls, operationMs: 50 }));
  const entra = stack.use(await startEntra({ world, tls }));
  api = stack.use(await startKubeApi());
  client = stack.use(
    new KubeClient(
      { server: api.url, credentials: async () => ({}) },
      { userAgent: "test", log: createLog({ write: () => {} }) },
    ),
  );
  await crdsInto(client);
  const principal = world.createServicePrincipal();
  const files = {
    "ca.pem": authority.caPem,
    kubeconfig: kubeconfig(api.url),
    "azure.json": JSON.stringify({
      cloud: "AzureStackCloud",
      tenantId: principal.tenant,
      aadClientId: principal.clientId,
      aadClientSecret: principal.secret,
      subscriptionId: world.subscription,
      resourceGroup: "rg",
    }),
    "environment.json": JSON.stringify({
      resourceManagerEndpoint: `${arm.url}/`,
      activeDirectoryEndpoint: `${entra.url}/`,
    }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});
afterAll(() => stack.disposeAsync());

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}

function flags(instance: string, config = "kubeconfig"): string[] {
  return [
    `--kubeconfig=${join(folder, config)}`,
    `--cloudconfig=${join(folder, "azure.json")}`,
    "--http-probe-port=0",
    "--prometheus-port=0",
    "--leader-election-duration=10s",
    `--leader-election-instance=${instance}`,
  ];
}

class Mic implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly exit: Promise<unknown>;
  text = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = { MIC_POD_NAMESPACE: "default" }) {
    const file = join(import.meta.dirname, "../../src/bin/mic.ts");
    this.#process = spawn(process.execPath, [file, ...args], {
      env: {
        ...env,
        NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"),
        AZURE_ENVIRONMENT_FILEPATH: join(folder, "environment.json"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.text += chunk;
      });
    }
    this.exit = once(this.#process, "close").then(([code]) => code);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** What a port answers that the program says in its log. */
  async ask(words: string, path: string): Promise<string> {
    const port = new RegExp(`${words} on port (\\d+)`).exec(this.text)?.[1];
    return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exit;
  }
}

function create(kind: Kind, name: string, spec: object, labels: object = {}): Promise<unknown> {
  const [apiVersion, namespace] = [kind.group === "" ? "v1" : `${kind.group}/v1`, kind.isNamespaced ? "default" : ""];
  const metadata = { name, labels, ...(kind.isNamespaced ? { namespace } : {}) };
  return client.create(kind, namespace, { apiVersion, kind: kind.kind, metadata, spec }, never);
}

async function states(): Promise<string[]> {
  const raw = (await client.list(kinds.assignment, {}, never)) as {
    metadata: { name: string };
    status: { status: string };
  }[];
  return raw.map(({ metadata, status }) => `${metadata.name} ${status.status}`);
}

describe("mic", () => {
  it("does the main job, stands by, hands over when it is stopped, and stops when it loses the lease", async () => {
    const vm = world.createVm({ resourceGroup: "rg", name: "vm-0" });
    const { id, clientId } = world.createIdentity({ resourceGroup: "rg", name: "demo" });
    await create(kinds.node, "vm-0", { providerID: `azure://${vm.id}` });
    await create(kinds.identity, "demo", { type: 0, ResourceID: id, ClientID: clientId });
    await create(kinds.binding, "demo", { AzureIdentity: "demo", Selector: "demo" });
    const container = { name: "main", image: "demo" };
    await create(kinds.pod, "web", { nodeName: "vm-0", containers: [container] }, { [BINDING_LABEL]: "demo" });

    await using first = new Mic(flags("first"));
    await expect.poll(states, within).toEqual(["web-default-demo Assigned"]);
    expect(world.identitiesOn(vm.id)).toEqual([id]);
    expect(await first.ask("health probe", "/healthz")).toBe("Active");
    expect(await first.ask("metrics", "/metrics")).toContain(
      'cloud_provider_operations_duration_seconds_count{operation_type="vm_update"} 1',
    );

    await using second = new Mic(flags("second"));
    await expect.poll(() => second.text, within).toContain("another holds the leader lease");
    expect(await second.ask("health probe", "/healthz")).toBe("Not Active");
    expect(await second.ask("health probe", "/readyz")).toBe("Ready");

    first.kill("SIGTERM");
    expect(await first.exit).toBe(0);
    await client.remove(kinds.pod, { namespace: "default", name: "web" }, { graceSeconds: 0 }, never);
    await expect.poll(states, within).toEqual([]);
    expect(world.identitiesOn(vm.id)).toEqual([]);
    expect(await second.ask("health probe", "/healthz")).toBe("Active");
    const events = (await client.list(kinds.event, {}, never)) as {
      reason: string;
      involvedObject: { kind: string };
    }[];
    expect(events.map(({ reason, involvedObject }) => `${reason} ${involvedObject.kind}`)).toEqual(
      expect.arrayContaining([
        "BindingApplied AzureIdentityBinding",
        "BindingApplied Pod",
        "BindingRemoved AzureIdentityBinding",
      ]),
    );

    await client.patch(
      kinds.lease,
      { namespace: "default", name: "aad-pod-identity-mic" },
      { type: "merge", body: { spec: { holderIdentity: "thief" } } },
      never,
    );
    expect(await second.exit).toBe(1);
    expect(second.text).toMatch(/^E.* lost leader lease/m);
  });

  it("takes nothing off a pod that it has not heard of, because its watches died without a sign", async () => {
    const vm = world.createVm({ resourceGroup: "rg", name: "vm-1" });
    const { id, clientId } = world.createIdentity({ resourceGroup: "rg", name: "other" });
    await create(kinds.node, "vm-1", { providerID: `azure://${vm.id}` });
    await create(kinds.identity, "other", { type: 0, resourceID: id, clientID: clientId });
    await create(kinds.binding, "other", { azureIdentity: "other", selector: "other" });
    const pod = { nodeName: "vm-1", containers: [{ name: "main", image: "demo" }] };
    await using proxy = await ApiProxy.start({ server: api.url, credentials: async () => ({}) });
    await writeFile(join(folder, "through-proxy"), kubeconfig(proxy.access.server));
    const lease = [`--leader-election-name=${crypto.randomUUID()}`];

    await using first = new Mic([...flags("first"), ...lease]);
    await expect.poll(() => first.text, within).toContain("sync thread started");
    await using second = new Mic([...flags("second", "through-proxy"), ...lease]);
    await expect.poll(() => second.text, within).toContain("another holds the leader lease");
    await expect.poll(() => proxy.watches, within).toBe(5);
    proxy.freeze();
    await create(kinds.pod, "early", pod, { [BINDING_LABEL]: "other" });
    await expect.poll(states, within).toEqual(["early-default-other Assigned"]);
    first.kill("SIGTERM");
    await expect.poll(() => second.text, within).toContain("sync thread started");

    await create(kinds.pod, "late", pod, { [BINDING_LABEL]: "other" });
    await expect.poll(states, within).toEqual(["early-default-other Assigned", "late-default-other Assigned"]);
    expect(second.text).not.toContain("del [early");
    expect(world.identitiesOn(vm.id)).toEqual([id]);
  });

  it("does not ask to lead before it knows all of the cluster", async () => {
    await using proxy = await ApiProxy.start({ server: api.url, credentials: async () => ({}) });
    await writeFile(join(folder, "through-proxy"), kubeconfig(proxy.access.server));
    api.failNext({ verb: "list", resource: "pods" }, { code: 403, message: "no" }, 1_000);
    await using mic = new Mic([...flags("first", "through-proxy"), `--leader-election-name=${crypto.randomUUID()}`]);
    const asked = (what: string) => proxy.requests.filter((request) => request.includes(what));
    await expect.poll(() => asked("/pods?").length, within).toBeGreaterThan(2);
    expect(asked("/leases")).toEqual([]);
    expect(await mic.ask("health probe", "/readyz")).toBe("Not Ready");
    api.calm();
    await expect.poll(() => mic.text, within).toContain("sync thread started");
    expect(await mic.ask("health probe", "/readyz")).toBe("Ready");
  });

  it.each<{
    when: string;
    args: readonly string[];
    env?: Readonly<Record<string, string>>;
    says: RegExp;
    code: number;
  }>([
    {
      when: "no namespace is given",
      args: [],
      env: {},
      says: /^mic: namespace not specified\. Please add meta\.namespace as env variable MIC_POD_NAMESPACE$/m,
      code: 2,
    },
    {
      when: "azure.json is not there",
      args: ["--cloudconfig=/nowhere/azure.json"],
      says: /^mic: cannot read \/nowhere\/azure\.json .*--cloudconfig/m,
      code: 2,
    },
    {
      when: "there is no configuration at all",
      args: [],
      says: /^mic: the cloud configuration in the environment.* CLOUD, SUBSCRIPTION_ID/m,
      code: 2,
    },
    { when: "a flag is not known", args: ["--clientQPS=5"], says: /^mic: .*did you mean --clientQps/m, code: 2 },
    { when: "only the version is wanted", args: ["--version"], env: {}, says: /^MIC Version: /, code: 0 },
  ])("ends with one sentence when $when", async ({ args, env, says, code }) => {
    await using mic = new Mic(args, env);
    expect(await mic.exit).toBe(code);
    expect(mic.text).toMatch(says);
    expect(mic.text).not.toMatch(/^\s+at /m);
  });

  it("ends with one sentence when a port is taken", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await using mic = new Mic([...flags("first"), `--prometheus-port=${port}`]);
    expect(await mic.exit).toBe(1);
    expect(mic.text).toMatch(
      new RegExp(`^mic: cannot listen on .*${port}: another program uses the port.*--prometheus-port`, "m"),
    );
    other.close();
  });
});
