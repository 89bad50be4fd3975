import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { Secret } from "../../../src/base/secret.ts";
import type { KubeAccess } from "../../../src/kube/access.ts";

const run = promisify(execFile);
const SCRIPTS = join(import.meta.dirname, "../..", "cluster");
const BIN = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "aad-pod-identity-cluster", "bin");
const PREFIX = "aad-control-plane-";
const WHOLE_LOG_MB = 10_000;

/** A real etcd and kube-apiserver: how to reach them as a cluster admin. Plain data, so that it can go to other processes. */
export type ControlPlaneAddress = {
  readonly folder: string;
  readonly kubeconfig: string;
  /** `https://127.0.0.1:port` */
  readonly server: string;
  /** PEM */
  readonly ca: string;
  readonly token: string;
};

export type ControlPlane = ControlPlaneAddress &
  AsyncDisposable & {
    /** Ends the API server as a crash does; its data stay. */
    kill(): Promise<void>;
    /** Starts it again at the same address; resolves when it is ready. */
    restart(): Promise<void>;
  };

export type ControlPlaneOptions = {
  /** More flags for kube-apiserver. */
  readonly flags?: readonly string[];
  /** Run kube-controller-manager too: service accounts, garbage collection, deletion of namespaces. */
  readonly controllers?: boolean;
  /** Write down what service accounts ask; `test/support/kube/audit-log.ts` reads it. */
  readonly audit?: boolean;
  /** The network namespace on whose loopback it listens; without one that of this process. */
  readonly namespace?: string;
};

/** Why no control plane can run here; undefined when one can. */
export function missing(): string | undefined {
  if (process.platform !== "linux") return `a control plane needs Linux, this is ${process.platform}`;
  const unbuilt = ["etcd", "kube-apiserver"].filter((program) => !existsSync(join(BIN, program)));
  if (unbuilt.length > 0) return `no ${unbuilt.join(" and ")} here: "npm test" builds them where Go is installed`;
  const folders = (process.env.PATH ?? "").split(":");
  const absent = ["bash", "openssl", "curl", "setsid", "awk"].filter(
    (program) => !folders.some((folder) => existsSync(join(folder, program))),
  );
  return absent.length > 0 ? `no ${absent.join(", ")} here: run test/cluster/install-packages` : undefined;
}

/** Starts a control plane with its data in a temporary folder; disposing of it ends it and removes the folder. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const plane = join(folder, "plane");
  const up = async () => {
    const audit = options.audit ? auditFlags(auditLogOf(plane)) : [];
    const flags = [...(options.flags ?? []), ...audit].flatMap((flag) => ["--flag", flag]);
    const controllers = options.controllers ? ["--with", "controllers"] : [];
    await controlPlane(["up", plane, ...controllers, ...flags], options.namespace);
  };
  const end = async () => {
    await controlPlane(["down", plane, "--purge"]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await up();
    return { ...(await addressOf(plane)), kill: () => killApiServer(plane), restart: up, [Symbol.asyncDispose]: end };
  } catch (reason) {
    await end();
    throw reason;
  }
}

/** Access for our own clients, by bearer token. */
export function accessTo({ server, ca, token }: ControlPlaneAddress): KubeAccess {
  return { server, credentials: async () => ({ ca, token: new Secret(token) }) };
}

/** Where a control plane that was started with `audit` writes. */
export function auditLogOf(folder: string): string {
  return join(folder, "audit.log");
}

/** Flags of kube-apiserver that make it write all in one file. */
export function auditFlags(file: string): readonly string[] {
  const policy = join(SCRIPTS, "audit-policy.yaml");
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${file}`, `--audit-log-maxsize=${WHOLE_LOG_MB}`];
}

async function controlPlane(args: readonly string[], namespace?: string): Promise<void> {
  const inside = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
  const [file = "", ...rest] = [...inside, join(SCRIPTS, "control-plane"), ...args];
  await run(file, rest); // its last lines are in the error that a failure gives
}

async function addressOf(plane: string): Promise<ControlPlaneAddress> {
  const settings = await readFile(join(plane, "settings"), "utf8");
  const tokens = await readFile(join(plane, "pki", "tokens.csv"), "utf8");
  return {
    folder: plane,
    kubeconfig: join(plane, "admin.kubeconfig"),
    server: `https://127.0.0.1:${/^PORT=(\d+)$/m.exec(settings)?.[1]}`,
    ca: await readFile(join(plane, "pki", "ca.crt"), "utf8"),
    token: tokens.split(",")[0] ?? "",
  };
}

async function killApiServer(plane: string): Promise<void> {
  const [pid] = (await readFile(join(plane, "run", "kube-apiserver.pid"), "utf8")).split(" ");
  process.kill(Number(pid), "SIGKILL");
  while (await isRunning(Number(pid))) await setTimeout(20);
}

/** A process that has ended stays listed as a zombie until its parent asks for it. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return status !== "" && !/^State:\s+Z/m.test(status);
}

/** Ends what a test run of ours that was killed has left behind: the folder's name says whose it is. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    const folder = join(tmpdir(), name);
    // Never touch, or trust the pids in, what another user has put there.
    if ((await stat(folder)).uid !== process.getuid?.()) continue;
    await controlPlane(["down", join(folder, "plane"), "--purge"]).catch(() => {}); // another run may be at it
    await rm(folder, { recursive: true, force: true });
  }
}
