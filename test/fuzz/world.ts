import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { identityId } from "../support/make.ts";
import { nmiWorld } from "../support/nmi/world.ts";
import { addressesOf, callers, clientIds } from "./callers.ts";
import { exchange, type Ports } from "./exchange.ts";
import { wrongAnswers } from "./judge.ts";
import { LenientImds } from "./lenient-imds.ts";
import { plainToken } from "./requests.ts";

const RESIDENT = /VmRSS:\s+(\d+)/;

export type World = Awaited<ReturnType<typeof startWorld>>;

/** NMI as a process between pods, a metadata service that takes everything, and a listener that nothing may reach. */
export async function startWorld() {
  await using stack = new AsyncDisposableStack();
  const imds = stack.use(await LenientImds.start(clientIds));
  const elsewhere = await startElsewhere();
  stack.use(elsewhere);
  const world = stack.use(await nmiWorld());
  await world.create("AzurePodIdentityException", "excepted", { podLabels: { app: "excepted" } });
  for (const { name, address, ...rest } of callers) {
    if (name === "nobody" || name === "host") continue;
    await world.createPod(name, address, { app: name, ...("clientId" in rest ? { aadpodidbinding: name } : {}) });
    const status = { podIP: address, podIPs: addressesOf({ name, address }).map((ip) => ({ ip })) };
    await world.kube.call("PATCH", `/api/v1/namespaces/default/pods/${name}/status`, { status });
    if ("clientId" in rest) await bind(world, name, rest.clientId);
  }
  const proxies = Object.fromEntries(
    ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map((name) => [name, `http://127.0.0.1:${elsewhere.port}`]),
  );
  const patience = ["--retry-attempts-for-created=0", "--retry-attempts-for-assigned=0"];
  const flags = [...patience, `--metadata-port=${imds.port}`];
  const nmi = stack.use(await world.start(flags, { ...proxies, NODE_USE_ENV_PROXY: "1" }));
  const ports = { nmi: nmi.port, elsewhere: elsewhere.port };
  const all = stack.move();
  return {
    ports,
    imds,
    elsewhere,
    /** What NMI said at last if it has ended. */
    lastWords: async () => (isRunning(nmi.program.pid) ? undefined : (await nmi.program.ended).stderr.slice(-4000)),
    /** Memory of NMI in MB that is its own or shared; 0 once it has ended. */
    residentMb: () => Number(RESIDENT.exec(statusOf(nmi.program.pid))?.[1] ?? 0) / 1024,
    /** What is wrong once all is over: plain token requests are answered as ever, and no line of the log is another's. */
    problems: async () => [...(await wrongTokens(ports)), ...wrongLines(nmi.program.output())],
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** In a process that has ended and is still listed nothing is resident. */
function isRunning(pid: number): boolean {
  return RESIDENT.test(statusOf(pid));
}

function statusOf(pid: number): string {
  return existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
}

function wrongLines(output: string): readonly string[] {
  const wrong = output.split("\n").filter((line) => line !== "" && !/^[IWE]\d{4} [\d:.]{15} [\x20-\x7e…]*$/.test(line));
  return wrong.map((line) => `not a line of the log: ${JSON.stringify(line)}`).slice(0, 10);
}

async function bind(world: Awaited<ReturnType<typeof nmiWorld>>, name: string, clientID: string): Promise<void> {
  const reference = (kind: string, spec: object) => ({
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind,
    metadata: { name, namespace: "default" },
    spec,
  });
  const identity = { type: 0, resourceID: identityId(name), clientID };
  const binding = { azureIdentity: name, selector: name };
  await world.create("AzureIdentity", name, identity);
  await world.create("AzureIdentityBinding", name, binding);
  const path = "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureassignedidentities";
  await world.kube.call("POST", path, {
    ...reference("AzureAssignedIdentity", {
      azureIdentityRef: reference("AzureIdentity", identity),
      azureBindingRef: reference("AzureIdentityBinding", binding),
      pod: name,
      podNamespace: "default",
      nodename: "node-0",
    }),
    metadata: { name: `${name}-default-${name}`, namespace: "default", labels: { nodename: "node-0" } },
    status: { status: "Assigned" },
  });
}

/** Listens where requests and variables want NMI to go. */
async function startElsewhere() {
  let reached = 0;
  const server = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    reached: () => reached,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

async function wrongTokens(ports: Ports): Promise<readonly string[]> {
  const asked = callers.map((_, caller) =>
    exchange({ caller, pieces: [plainToken], cuts: [], isBroken: false }, ports),
  );
  return (await Promise.all(asked)).flatMap(wrongAnswers);
}
