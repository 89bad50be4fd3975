import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { stringify } from "yaml";
import { createAuthority } from "../../src/sandbox/certificates.ts";
import { startKubeApi } from "../../src/sandbox/kube-api/server.ts";
import { type Run, runTool, toolPath } from "../support/chart/helm.ts";
import type { ControlPlaneAddress } from "../support/kube/control-plane.ts";
import { kubeconfigOf } from "../support/kube/kubeconfig.ts";

/** A command as it is typed after `kubectl`; one with spaces inside its words, an input or a failure is written out. */
export type Step = string | Command;
export type Command = {
  readonly run: string | readonly string[];
  /** What it reads from `--filename=-`: a text, or objects. */
  readonly input?: string | readonly object[];
  /** How it ends on a real API server; 0 when left out. */
  readonly code?: number;
  /** Looks at the lines that are compared only. */
  readonly only?: (line: string) => boolean;
};

export type Watching = {
  readonly watching: string;
  readonly lines: number;
  readonly first: readonly Step[];
  readonly then: readonly Step[];
};

/** A server as `kubectl` sees it. */
type Server = { readonly kubeconfig: string; readonly home: string };

const TOKEN = "the-admin";

/** Runs `kubectl` against a real API server and the embedded one, which must say the same. */
export class TwoServers implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #servers: readonly Server[];

  private constructor(stack: AsyncDisposableStack, servers: readonly Server[]) {
    this.#stack = stack;
    this.#servers = servers;
  }

  static async start({ kubeconfig }: ControlPlaneAddress): Promise<TwoServers> {
    const stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "kubectl-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const authority = await createAuthority();
    const tls = await authority.serverCertificate();
    const { url } = stack.use(await startKubeApi({ tls, tokens: new Map([[TOKEN, "admin"]]), bookmarkMs: 500 }));
    const embedded = join(folder, "embedded.kubeconfig");
    await writeFile(embedded, kubeconfigOf({ server: url, ca: authority.caPem, token: TOKEN }));
    return new TwoServers(stack, [
      { kubeconfig, home: join(folder, "real") },
      { kubeconfig: embedded, home: join(folder, "embedded") },
    ]);
  }

  /** Runs commands one after the other in a namespace of their own; both servers must give the same answers. */
  async same(...steps: readonly Step[]): Promise<void> {
    const namespace = `kubectl-${randomBytes(4).toString("hex")}`;
    const all = [`create namespace ${namespace}`, ...steps];
    const [real, embedded] = await Promise.all(this.#servers.map((server) => transcript(server, namespace, all)));
    expect(embedded).toBe(real);
  }

  /** What a command says while others run after the first ones, until it has said so many lines; both must say the same. */
  async sameWhile({ watching, lines, first, then }: Watching): Promise<void> {
    const namespace = `kubectl-${randomBytes(4).toString("hex")}`;
    const [real, embedded] = await Promise.all(
      this.#servers.map(async (server) => {
        const before = await transcript(server, namespace, [`create namespace ${namespace}`, ...first]);
        await using watch = new Watch(server, namespace, watching);
        await watch.has(1);
        const after = await transcript(server, namespace, then);
        await watch.has(lines);
        return before + after + normalised(watch.text, namespace);
      }),
    );
    expect(embedded).toBe(real);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** A `kubectl` that goes on. */
class Watch implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  #check: () => void = () => {};
  text = "";

  constructor(server: Server, namespace: string, command: string) {
    const env = { ...process.env, KUBECONFIG: server.kubeconfig, HOME: server.home };
    this.#child = spawn(toolPath("kubectl"), ["--namespace", namespace, ...command.split(" ")], { env });
    this.#closed = once(this.#child, "close");
    this.#child.stdin.end();
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.text += text;
        this.#check();
      });
    }
  }

  /** Resolves once it has said so many lines. */
  has(lines: number): Promise<unknown> {
    const said = new Promise<void>((resolve) => {
      this.#check = () => {
        if (this.text.split("\n").length > lines) resolve();
      };
      this.#check();
    });
    return Promise.race([said, this.#closed]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#closed;
  }
}

/** Two servers for the tests around it. */
export function hostTwoServers(shared: ControlPlaneAddress): () => TwoServers {
  let servers: TwoServers;
  beforeAll(async () => {
    servers = await TwoServers.start(shared);
  });
  afterAll(() => servers?.[Symbol.asyncDispose]());
  return () => servers;
}

async function transcript(server: Server, namespace: string, steps: readonly Step[]): Promise<string> {
  const said: string[] = [];
  for (const step of steps) {
    const command: Command = typeof step === "string" ? { run: step } : step;
    const { run, code = 0, only = () => true } = command;
    const args = (typeof run === "string" ? run.split(" ") : run).map((word) => word.replace("NAMESPACE", namespace));
    const result = await runTool("kubectl", ["--namespace", namespace, ...args], {
      input: inputOf(command.input ?? "").replaceAll("NAMESPACE", namespace),
      env: { KUBECONFIG: server.kubeconfig, HOME: server.home },
    });
    const text = textOf(args, result, only);
    said.push(normalised(text, namespace));
    if (server.home.endsWith("real")) expect(result.code, text).toBe(code);
  }
  return said.join("");
}

function inputOf(input: string | readonly object[]): string {
  return typeof input === "string" ? input : input.map((object) => stringify(object)).join("---\n");
}

function textOf(args: readonly string[], { code, stdout, stderr }: Run, only: (line: string) => boolean): string {
  const lines = stdout.split("\n").filter((line) => line === "" || only(line));
  return `$ kubectl ${args.join(" ")}\n${lines.join("\n")}${stderr}${code === 0 ? "" : `exit ${code}\n`}`;
}

/** What two runs never have in common is replaced, and so is the width of columns, which depends on it. */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UID"],
  [/(resourceVersion"?: ?)"\d+"/g, "$1VERSION"],
  [/(Resource Version: +)\d+/g, "$1VERSION"],
  [/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME"],
  [/(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d+ [A-Z][a-z]+ 20[\d :]+\+0000/g, "DATE"],
  [/\b10\.96\.\d+\.\d+\b/g, "ADDRESS"],
  [/https:\/\/127\.0\.0\.1:\d+/g, "SERVER"],
  [/(nodePort: |80:)3\d{4}/g, "$1PORT"],
  [/(?<=\s)\d+(?:s|m|h|d|m\d+s|h\d+m)(?=\s|$)/gm, "AGE"],
  [/(?<=\S) {2,}/g, "  "],
];

function normalised(text: string, namespace: string): string {
  return REPLACED.reduce((now, [from, to]) => now.replaceAll(from, to), text.replaceAll(namespace, "NAMESPACE"));
}
