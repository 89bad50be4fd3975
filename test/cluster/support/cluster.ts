import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { auditFlags, auditLogOf } from "../../support/kube/control-plane.ts";
import { type Azure, azureAt } from "./azure-control.ts";
import { type AzureFacts, certificateNames, hostsLine, urls } from "./azure-facts.ts";
import { makeImages } from "./images.ts";
import { type Runners, runners, runScript, SCRIPTS, told } from "./runners.ts";

/** In milliseconds since 1970. */
export type Span = { readonly from: number; readonly to: number };
/** How long something took. */
export type Part = { readonly name: string; readonly seconds: number };

const PREFIX = "aad-cluster-";
/** Both are nodes with a containerd and a kubelet of their own: node1 is a VM, node2 an instance of a scale set. */
export const NODES = [1, 2] as const;

/** A cluster that runs, from whichever process it is used. */
export type Cluster = Runners & {
  /** The folder that the script `cluster` was given. */
  readonly folder: string;
  /** The Azure around it: what a person does with `az`, and trouble. */
  readonly azure: Azure;
  readonly facts: AzureFacts;
};

/** The cluster in that folder. */
export function openCluster(folder: string): Cluster {
  const azureFolder = azureFolderOf(folder);
  const facts = JSON.parse(readFileSync(join(azureFolder, "facts.json"), "utf8")) as AzureFacts;
  return { ...runners(folder), folder, azure: azureAt(join(azureFolder, "azure.sock")), facts };
}

/**
 * Starts a cluster of two nodes with our images and Azure around it, without any way out. Nothing of ours is
 * installed in it. Disposing of it leaves nothing; so does the next start where this process is killed.
 * @param apiServerFlags without them, it writes an audit log, which `permissions.ts` judges
 */
export async function startCluster(
  tell: (part: Part) => void = () => {},
  apiServerFlags?: readonly string[],
): Promise<Cluster & AsyncDisposable> {
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const begin = performance.now();
    const result = await work();
    tell({ name, seconds: (performance.now() - begin) / 1000 });
    return result;
  };
  await sweep();
  const top = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const folder = join(top, "cluster");
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(top, { recursive: true, force: true }));
  stack.defer(async () => void (await runScript("cluster", ["down", folder, "--purge"])));
  const image = await timed("images made", () => makeImages(join(top, "images")));
  await writeFile(flagsOf(folder), JSON.stringify(apiServerFlags ?? auditFlags(auditLogOf(folder))));
  await timed("nodes ready", () => startAgain(folder));
  await timed("Azure ready", () => startAzure(folder, stack));
  told(await timed("images loaded", () => runScript("cluster", ["load", folder, image])));
  await rm(join(top, "images"), { recursive: true });
  const cluster = openCluster(folder);
  await Promise.all(NODES.map((node) => makeAzureNode(cluster, node)));
  const cleanUp = stack.move();
  return { ...cluster, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() };
}

/** Starts what of the cluster does not run, and writes down from when to when. */
export async function startAgain(folder: string): Promise<void> {
  const from = Date.now();
  const flags = JSON.parse(await readFile(flagsOf(folder), "utf8")) as readonly string[];
  const apiServer = flags.flatMap((flag) => ["--flag", flag]);
  told(await runScript("cluster", ["up", folder, "--nodes", String(NODES.length), ...apiServer]));
  const span: Span = { from, to: Date.now() };
  await appendFile(startsOf(folder), `${JSON.stringify(span)}\n`);
}

/** When the cluster, or a part of it, was starting. */
export async function startsIn(folder: string): Promise<readonly Span[]> {
  const lines = (await readFile(startsOf(folder), "utf8")).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Span);
}

/** A file with the flags of the API server, which has to be given them at each start. */
const flagsOf = (folder: string) => join(dirname(folder), "api-server-flags.json");
const startsOf = (folder: string) => join(dirname(folder), "starts");
const azureFolderOf = (folder: string) => join(dirname(folder), "azure");

/** Azure's services run in the cluster's network, with certificates of the cluster's own authority, which every pod has. */
async function startAzure(folder: string, stack: AsyncDisposableStack): Promise<void> {
  const home = azureFolderOf(folder);
  await mkdir(home);
  const pki = join(folder, "control-plane/pki");
  const make = `. "$1/lib.sh"; make_cert "$2/ca" "$3/tls" /CN=azure "$4"`;
  const certificate = ["bash", "-euc", make, "-", SCRIPTS, pki, home, certificateNames];
  told(await runScript("cluster", ["exec", folder, "--", ...certificate]));
  await appendFile(join(folder, "hosts"), `${hostsLine}\n`);
  const program = [process.execPath, join(import.meta.dirname, "azure-stand-in.ts"), home];
  const child = spawn(join(SCRIPTS, "cluster"), ["exec", folder, "--", ...program], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  stack.defer(async () => {
    child.stdin.end(); // which ends it
    await ended;
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("close", () => reject(new Error(`the stand-in for Azure ended: ${said}`)));
  });
}

/** What Azure's installers and its cloud provider leave on a node: azure.json for root alone, endpoints, the provider ID. */
export async function makeAzureNode(cluster: Cluster, node: number): Promise<void> {
  const { mic, machines } = cluster.facts;
  await writeAzureJson(cluster, node, { aadClientId: mic.clientId, aadClientSecret: mic.secret });
  const endpoints = { resourceManagerEndpoint: urls.arm, activeDirectoryEndpoint: urls.entra };
  await writeOn(cluster, node, "/etc/kubernetes/akscustom.json", "644", endpoints);
  const providerID = `azure://${machines[node - 1]?.instanceId}`;
  await cluster.kubectl("patch", "node", `node${node}`, `--patch=${JSON.stringify({ spec: { providerID } })}`);
}

/** azure.json of a node, with how MIC signs in. */
export function writeAzureJson(cluster: Cluster, node: number, signIn: object): Promise<void> {
  const { tenant, subscription, resourceGroup } = cluster.facts;
  const where = { cloud: "AzureStackCloud", tenantId: tenant, subscriptionId: subscription, resourceGroup };
  return writeOn(cluster, node, "/etc/kubernetes/azure.json", "600", { ...where, ...signIn });
}

async function writeOn(cluster: Cluster, node: number, file: string, mode: string, value: object): Promise<void> {
  const command = ["sh", "-c", `umask 077; cat >${file}; chmod ${mode} ${file}`];
  told(await cluster.onNode(node, command, { input: JSON.stringify(value) }));
}

/** Ends what a run of ours that was killed has left behind: the folder's name says whose it is. */
export async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    const top = join(tmpdir(), name);
    if ((await stat(top)).uid !== process.getuid?.()) continue;
    await runScript("cluster", ["down", join(top, "cluster"), "--purge"]);
    await rm(top, { recursive: true, force: true });
  }
}
