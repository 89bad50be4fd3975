import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, type OutgoingHttpHeaders, request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseAllDocuments } from "yaml";
import { startKubeApi } from "../../../src/sandbox/kube-api/server.ts";
import { FakeImds } from "../azure/fake-imds.ts";
import { ApiProxy } from "../kube/api-proxy.ts";
import { kubeconfigOf } from "../kube/kubeconfig.ts";
import { RawKube } from "../kube/raw-kube.ts";
import { type RunningProgram, startProgram } from "../program.ts";

const crds = join(import.meta.dirname, "../../../charts/aad-pod-identity/crds/crd.yaml");
const API_VERSION = "aadpodidentity.k8s.io/v1";
const NODE = "node-0";
const TOKEN_PATH = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";

export type NmiWorld = Awaited<ReturnType<typeof nmiWorld>>;
/** A running NMI and the port that it serves pods at. */
export type RunningNmi = AsyncDisposable & { readonly program: RunningProgram; readonly port: number };
export type Asking = {
  readonly from?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly method?: string;
  readonly signal?: AbortSignal | undefined;
};
/** NMI's answer, as text and as the JSON that it is. */
export type NmiAnswer = {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
  readonly body: Readonly<Record<string, string>>;
};

/** An API server with our kinds, except for those left out, and an IMDS: what NMI as a process stands between. */
export async function nmiWorld({ without = [] }: { readonly without?: readonly string[] } = {}) {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(await startKubeApi());
  const kube = new RawKube(api.url);
  const proxy = stack.use(await ApiProxy.start({ server: api.url, credentials: async () => ({}) }));
  const imds = stack.use(await FakeImds.start());
  const folder = await mkdtemp(join(tmpdir(), "nmi-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const KUBECONFIG = join(folder, "kubeconfig");
  await writeFile(KUBECONFIG, kubeconfigOf(proxy.access));
  for (const document of parseAllDocuments(readFileSync(crds, "utf8"))) {
    const crd = document.toJS() as { readonly spec: { readonly names: { readonly kind: string } } };
    if (without.includes(crd.spec.names.kind)) continue;
    await kube.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd);
  }
  const all = stack.move();
  return {
    api,
    kube,
    proxy,
    imds,
    folder,
    create: (kind: string, name: string, spec: object, namespace = "default") =>
      kube.call("POST", `/apis/${API_VERSION}/namespaces/${namespace}/${pluralOf(kind)}`, {
        apiVersion: API_VERSION,
        kind,
        metadata: { name, namespace },
        spec,
      }),
    /** A running pod, of NMI's node unless another is named. */
    createPod: (name: string, podIP: string, labels: object = {}, nodeName = NODE) =>
      createPod(kube, name, podIP, labels, nodeName),
    /** NMI, which leaves interception to others, once it listens. */
    async start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunningNmi> {
      const ports = ["--nmi-port=0", "--http-probe-port=0", "--prometheus-port=0"];
      const azure = ["--metadata-ip=127.0.0.1", `--metadata-port=${imds.port}`];
      const own = [`--node=${NODE}`, "--skip-iptables", ...ports, ...azure];
      const program = startProgram("nmi", [...own, ...args], { env: { KUBECONFIG, ...env } });
      await program.says(/listening on [\d.]+:\d+/);
      const port = Number(/listening on [\d.]+:(\d+)/.exec(program.output())?.[1]);
      return { program, port, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** One request to NMI, for a token unless a path is given. */
export function askNmi({ port }: RunningNmi, { from = "127.0.0.1", path = TOKEN_PATH, ...rest }: Asking) {
  const { method = "GET", signal } = rest;
  const headers = { Metadata: "true", ...rest.headers };
  const options = { host: "127.0.0.1", port, path, localAddress: from, agent: false, method, signal, headers };
  const { promise, resolve, reject } = Promise.withResolvers<NmiAnswer>();
  const take = ({ statusCode: status = 0, headers: { "retry-after": retryAfter } }: IncomingMessage, body: string) =>
    resolve({ status, retryAfter, text: body, body: JSON.parse(body) });
  send(
    options,
    (response) =>
      void text(response)
        .then((body) => take(response, body))
        .catch(reject),
  )
    .once("error", reject)
    .end();
  return promise;
}

async function createPod(kube: RawKube, name: string, podIP: string, labels: object, nodeName: string): Promise<void> {
  await kube.call("POST", "/api/v1/namespaces/default/pods", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels },
    spec: { nodeName, containers: [{ name: "main", image: "web" }] },
  });
  const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }] };
  await kube.call("PATCH", `/api/v1/namespaces/default/pods/${name}/status`, { status });
}

function pluralOf(kind: string): string {
  return kind.toLowerCase().replace(/y$/, "ie").concat("s");
}
