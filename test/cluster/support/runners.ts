import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import type { Rendered, Run } from "../../support/chart/helm.ts";

export const SCRIPTS = join(import.meta.dirname, "..");

/** Nothing of the user's own Helm. */
const helmAtHome = {
  HELM_CACHE_HOME: "/nonexistent",
  HELM_CONFIG_HOME: "/nonexistent",
  HELM_DATA_HOME: "/nonexistent",
};

type Input = { readonly input?: string };

/** Runs a script of test/cluster, or with "exec" any program inside of the cluster; what happens is for the caller to judge. */
export async function runScript(
  script: "cluster" | "install-packages",
  args: readonly string[],
  { input = "" }: Input = {},
): Promise<Run> {
  const child = spawn(join(SCRIPTS, script), args, { env: { ...process.env, ...helmAtHome } });
  const closed = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** What it printed. @throws Error with what it said where it failed */
export function told({ code, stdout, stderr }: Run): string {
  if (code !== 0) throw new Error(`${stderr}${stdout}`.trim() || `ended with ${code}`);
  return stdout;
}

/** The programs by which a cluster is used, each run inside of it. */
export type Runners = ReturnType<typeof runners>;

/** `folder` is the one that `cluster up` was given. */
export function runners(folder: string) {
  const exec = (args: readonly string[], options?: Input) => runScript("cluster", ["exec", folder, ...args], options);
  const tryKubectl = (args: readonly string[], options?: Input) => exec(["--", "kubectl", ...args], options);
  const kubectl = async (...args: readonly string[]) => told(await tryKubectl(args));
  return {
    /** `kubectl`; what happens is for the caller to judge. */
    tryKubectl,
    /** What `kubectl` prints. @throws Error with what it says where it fails */
    kubectl,
    /** An object or a list, as JSON. */
    get: async (...args: readonly string[]) => JSON.parse(await kubectl("get", ...args, "--output=json")) as Rendered,
    /** `kubectl apply`, of objects or of YAML as it is. */
    apply: async (...objects: readonly (object | string)[]) => {
      const input = objects.map((one) => (typeof one === "string" ? one : stringify(one))).join("\n---\n");
      return told(await tryKubectl(["apply", "--filename=-"], { input }));
    },
    /** `helm`; what happens is for the caller to judge. */
    helm: (args: readonly string[], options?: Input) => exec(["--", "helm", ...args], options),
    /** Any program in the cluster's network, beside the API server. */
    inside: (command: readonly string[], options?: Input) => exec(["--", ...command], options),
    /** A program on a node, as root there. */
    onNode: (node: number, command: readonly string[], options?: Input) =>
      exec(["--node", String(node), "--", ...command], options),
  };
}
