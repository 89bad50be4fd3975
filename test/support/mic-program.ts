import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiVersion, type Kind, kinds } from "../../src/api/kinds.ts";
import { createLog } from "../../src/base/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { startArm } from "../../src/sandbox/azure/arm.ts";
import { startEntra } from "../../src/sandbox/azure/entra.ts";
import { createWorld } from "../../src/sandbox/azure/world.ts";
import { createAuthority } from "../../src/sandbox/certificates.ts";
import { startKubeApi } from "../../src/sandbox/kube-api/server.ts";
import { crdsInto } from "./mic-cluster.ts";

const never = new AbortController().signal;

export type MicPlace = Awaited<ReturnType<typeof micPlace>>;

/** An API server and an Azure in this process, and MIC as a process of its own on them. */
export async function micPlace() {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "mic-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const authority = await createAuthority();
  const tls = await authority.serverCertificate();
  const world = await createWorld();
  const arm = stack.use(await startArm({ world, tls, operationMs: 50 }));
  const entra = stack.use(await startEntra({ world, tls }));
  const api = stack.use(await startKubeApi());
  const access = { server: api.url, credentials: async () => ({}) };
  const log = createLog({ write: () => {} });
  const client = stack.use(new KubeClient(access, { userAgent: "test", log }));
  await crdsInto(client);
  const { tenant, clientId, secret } = world.createServicePrincipal();
  const files = {
    "ca.pem": authority.caPem,
    "azure.json": JSON.stringify({
      cloud: "AzureStackCloud",
      tenantId: tenant,
      aadClientId: clientId,
      aadClientSecret: secret,
      subscriptionId: world.subscription,
      resourceGroup: "rg",
    }),
    "environment.json": JSON.stringify({
      resourceManagerEndpoint: `${arm.url}/`,
      activeDirectoryEndpoint: `${entra.url}/`,
    }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);

  return {
    world,
    api,
    client,
    access,
    /** The flags of an instance that reaches the API server there, or directly. */
    async flags(instance: string, server = api.url): Promise<string[]> {
      const config = join(folder, `${crypto.randomUUID()}.kubeconfig`);
      await writeFile(config, kubeconfig(server));
      return [
        `--kubeconfig=${config}`,
        `--cloudconfig=${join(folder, "azure.json")}`,
        "--http-probe-port=0",
        "--prometheus-port=0",
        "--leader-election-duration=10s",
        `--leader-election-instance=${instance}`,
      ];
    },
    start: (args: readonly string[], env: Env = { MIC_POD_NAMESPACE: "default" }) =>
      new Mic(args, {
        ...env,
        NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"),
        AZURE_ENVIRONMENT_FILEPATH: join(folder, "environment.json"),
      }),
    create(kind: Kind, name: string, spec: object, labels: object = {}): Promise<unknown> {
      const namespace = kind.isNamespaced ? "default" : "";
      const metadata = { name, labels, ...(kind.isNamespaced ? { namespace } : {}) };
      const object = { apiVersion: apiVersion(kind), kind: kind.kind, metadata, spec };
      return client.create(kind, namespace, object, never);
    },
    /** `name state` of every record. */
    async states(): Promise<string[]> {
      const raw = (await client.list(kinds.assignment, {}, never)) as {
        metadata: { name: string };
        status: { status: string };
      }[];
      return raw.map(({ metadata, status }) => `${metadata.name} ${status.status}`);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

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

type Env = Readonly<Record<string, string>>;

class Mic implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly exit: Promise<unknown>;
  text = "";

  constructor(args: readonly string[], env: Env) {
    const file = join(import.meta.dirname, "../../src/bin/mic.ts");
    this.#process = spawn(process.execPath, [file, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
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
