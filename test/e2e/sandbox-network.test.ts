import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { createLog } from "../../src/base/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadAccess } from "../../src/kube/kubeconfig.ts";
import { pidOf } from "../support/kube/raw-kube.ts";
import { namespacesMissing } from "../support/namespaces.ts";
import { descendants, isRunning } from "../support/processes.ts";
import { type RunningProgram, runProgram, startProgram } from "../support/program.ts";
import { eventually } from "../support/time/eventually.ts";

const missing = namespacesMissing();
const signal = AbortSignal.timeout(120_000);
/** Who owns nothing, and may do nothing to this machine. */
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const PODID = join(import.meta.dirname, "../../bin/podid");
const isRoot = process.getuid?.() === 0;
const TOKEN =
  "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
const ASK = `
  fetch(process.argv[1], { headers: { Metadata: "true" } }).then(
    async (answer) => console.log(answer.status, await answer.text()),
    ({ cause }) => console.log(cause.code));`;

type Pod = Parameters<typeof pidOf>[0];
type Opened = { readonly podid: RunningProgram; readonly client: KubeClient; readonly folder: string };

/** Where tests run as root, what makes nobody of it; nothing where nobody may read the program or write the folder. */
function nobodyIn(folder: string): readonly string[] {
  const [program = "", ...args] = [...NOBODY, "sh", "-c", 'test -w "$0" && exec "$1" --version', folder, PODID];
  return isRoot && spawnSync(program, args).status === 0 ? NOBODY : [];
}

/** The sandbox of a walkthrough, in namespaces; as nobody in particular where tests run as root. */
async function openSandbox(stack: AsyncDisposableStack): Promise<Opened> {
  const home = await mkdtemp(join(tmpdir(), "sandbox-network-"));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  await chmod(home, 0o777);
  const through = nobodyIn(home);
  const env = { TMPDIR: home, HOME: home };
  const podid = stack.use(startProgram("podid", ["walkthrough", "--network=namespaces", "--keep"], { env, through }));
  await podid.says("Ctrl-C ends it");
  expect(podid.output()).toContain("network: namespaces: each pod has its own");
  const [, kubeconfig = ""] = /KUBECONFIG=(\S+)/.exec(podid.output()) ?? [];
  const log = createLog({ write: () => {} });
  const client = stack.use(new KubeClient(await loadAccess(kubeconfig, {}), { userAgent: "test", log }));
  return { podid, client, folder: dirname(kubeconfig) };
}

async function podOf({ client }: Opened, name: string): Promise<Pod> {
  return (await client.get(kinds.pod, { namespace: "default", name }, signal)) as Pod;
}

/** What a new pod of node vm-0 hears when it asks the metadata address for a token. */
async function heardBy(opened: Opened, name: string, labels: Readonly<Record<string, string>>): Promise<string> {
  const [command, args] = [[process.execPath, "-e", ASK], [TOKEN]];
  const containers = [{ name: "ask", image: "aad-pod-identity/demo:dev", command, args }];
  const spec = { nodeName: "vm-0", restartPolicy: "Never", containers };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", labels }, spec };
  await opened.client.create(kinds.pod, "default", pod, signal);
  await eventually(async () => (await podOf(opened, name)).status?.phase).toBe("Succeeded");
  return await readFile(join(opened.folder, `logs/default_${name}_ask.log`), "utf8");
}

/** The process of NMI on node vm-0. */
async function nmiOf({ client }: Opened): Promise<number> {
  const query = { namespace: "default", labelSelector: "component=nmi" };
  const pods = (await client.list(kinds.pod, query, signal)) as readonly Pod[];
  return pidOf(pods.find(({ spec }) => spec?.nodeName === "vm-0") as Pod);
}

function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return ""; // it has ended
  }
}

/** Runs a program in a network of the sandbox, as root of that. */
function inNetwork({ podid }: Opened, network: string, ...words: readonly string[]): string {
  const pid = descendants(podid.pid).find((one) => networkOf(one) === network);
  const enter = ["-t", `${pid}`, "-U", "-n", ...(isRoot ? [] : ["--preserve-credentials"]), "--"];
  return execFileSync("nsenter", [...enter, ...words], { encoding: "utf8" });
}

function rulesOfMachine(): string {
  const saved = isRoot ? execFileSync("iptables-save", { encoding: "utf8" }) : "";
  return saved.replace(/^#.*$|\[\d+:\d+\]/gm, ""); // the time, and what has passed meanwhile
}

describe.skipIf(missing !== undefined)(`the sandbox in namespaces${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it("gives pods tokens by NMI's own rules, without root, and leaves nothing behind when it is killed", async () => {
    await using stack = new AsyncDisposableStack();
    const before = rulesOfMachine();
    const opened = await openSandbox(stack);
    const nmi = await nmiOf(opened);
    const node = networkOf(nmi);

    expect(await heardBy(opened, "with-label", { aadpodidbinding: "demo" })).toMatch(/^200 \{"access_token":"eyJ/);
    expect(await heardBy(opened, "without-label", {})).toMatch(/^404 .*the pod has no label aadpodidbinding/);
    const [, packets = 0] =
      /^\[(\d+):\d+\] -A aad-metadata .* -j DNAT/m.exec(inNetwork(opened, node, "iptables-save", "-c")) ?? [];
    expect(Number(packets)).toBeGreaterThan(1);

    const spec = { nodeSelector: { "nodes-of-nmi": "none" } };
    const nowhere = { type: "merge", body: { spec: { template: { spec } } } } as const;
    await opened.client.patch(kinds.daemonSet, { namespace: "default", name: "nmi" }, nowhere, signal);
    await eventually(() => isRunning(nmi)).toBe(false);
    expect(await heardBy(opened, "without-nmi", { aadpodidbinding: "demo" })).toBe("ECONNREFUSED\n");
    inNetwork(opened, node, "iptables", "-t", "nat", "-F", "aad-metadata"); // as if somebody had taken the redirection away
    expect(await heardBy(opened, "without-rules", { aadpodidbinding: "demo" })).toBe("ECONNREFUSED\n");
    inNetwork(opened, node, "iptables", "-F", "aad-metadata-guard");
    expect(await heardBy(opened, "without-guard", { aadpodidbinding: "demo" })).toMatch(/^200 /); // the guard it was

    expect(rulesOfMachine()).toBe(before);
    const left = descendants(opened.podid.pid);
    expect(left.length).toBeGreaterThan(5);
    opened.podid.kill("SIGKILL");
    await eventually(() => left.filter(isRunning)).toEqual([]);
    await eventually(() => existsSync(opened.folder)).toBe(false);
    expect(rulesOfMachine()).toBe(before);
  });
});

it.skipIf(missing !== undefined)("says why there is no network in namespaces, where there can be none", async () => {
  const lock = ["unshare", "-U", "-r", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh"];
  const refused = await runProgram("podid", ["sandbox", "--network=namespaces"], { through: lock });
  expect(refused.stderr).toBe(
    "podid: --network=namespaces cannot be had here, as unprivileged user namespaces are off (user.max_user_namespaces=0): change that, or leave the option out\n",
  );
  expect(refused.code).toBe(3);
  await using podid = startProgram("podid", ["sandbox", "--network=auto"], { through: lock });
  await podid.says("Ctrl-C ends it");
  expect(podid.output()).toContain(
    "network: forwarders on loopback addresses, as unprivileged user namespaces are off",
  );
  podid.kill("SIGINT");
  expect((await podid.ended).code).toBe(0);
});
