import { apiVersion, type Kind, kinds } from "../../../src/api/kinds.ts";
import { createLog } from "../../../src/base/log.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { startKubeApi } from "../../../src/sandbox/kube-api/server.ts";
import { micAzure } from "../azure/mic-azure.ts";
import { kubeconfigOf } from "../kube/kubeconfig.ts";
import { crdsInto } from "./cluster.ts";
import { type Env, MicProcess, micCommands } from "./process.ts";

const never = new AbortController().signal;

export type MicPlace = Awaited<ReturnType<typeof micPlace>>;

/** An API server and an Azure in this process, and MIC as a process of its own on them. */
export async function micPlace() {
  const stack = new AsyncDisposableStack();
  const azure = stack.use(await micAzure());
  const api = stack.use(await startKubeApi());
  const access = { server: api.url, credentials: async () => ({}) };
  const log = createLog({ write: () => {} });
  const client = stack.use(new KubeClient(access, { userAgent: "test", log }));
  await crdsInto(client);

  return {
    world: azure.world,
    /** Its path. */
    azureJson: azure.azureJson,
    tls: azure.tls,
    endpointsWith: azure.endpointsWith,
    signal: never,
    api,
    client,
    access,
    /** The flags of an instance that reaches the API server there, or directly. */
    async flags(instance: string, server = api.url): Promise<string[]> {
      const config = await azure.write(`${crypto.randomUUID()}.kubeconfig`, kubeconfigOf({ server }));
      return [
        `--kubeconfig=${config}`,
        `--cloudconfig=${azure.azureJson}`,
        "--http-probe-port=0",
        "--prometheus-port=0",
        "--leader-election-duration=10s",
        `--leader-election-instance=${instance}`,
      ];
    },
    start: (
      args: readonly string[],
      env: Env = { MIC_POD_NAMESPACE: "default" },
      command: readonly [string, ...string[]] = micCommands.source,
    ) => new MicProcess(args, { ...azure.env, ...env }, command),
    /** The built program, with more variables. */
    startBuilt: (args: readonly string[], env: Env = {}) => {
      const all = { PATH: process.env.PATH ?? "", MIC_POD_NAMESPACE: "default", ...azure.env, ...env };
      return new MicProcess(args, all, micCommands.built);
    },
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
