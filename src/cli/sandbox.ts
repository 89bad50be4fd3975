import { existsSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../base/fault.ts";
import { createLog, type Log, type LogOptions } from "../base/log.ts";
import { raceAbort } from "../base/single-flight.ts";
import type { Sandbox } from "../sandbox/compose.ts";
import type { CliContext, Command, CommandValues } from "./command.ts";
import { emptyCluster } from "./real-kubernetes.ts";
import { planOptions, planWishes } from "./sandbox-plan.ts";
import type { Screen } from "./screen.ts";
import { followStatus } from "./status/follow.ts";

export const faultOption = {
  flags: "--fault <rule>",
  help: "make trouble: OPERATION=delay:2s, error:STATUS, throttle or drop, then ,times=N ,after=N ,retry-after=SECONDS",
  isRepeated: true,
  offers: async () => (await import("../sandbox/emulate.ts")).faultPlaces,
};
export const networkOption = {
  flags: "--network <kind>",
  help: "network namespaces with iptables as on a node, forwarders on loopback addresses, or by itself (auto) the first where the machine has them",
  fallback: "auto",
  choices: ["auto", "namespaces", "forwarders"] as const,
};
const PROGRAMS = ["mic", "nmi", "demo"] as const;

export const sandboxCommand: Command = {
  name: "sandbox",
  summary: "Run a Kubernetes API, IMDS, ARM and Entra ID on this machine, with nodes that run MIC, NMI and pods.",
  options: [
    {
      flags: "--with-real-kubernetes <kubeconfig>",
      help: "use this API server, of an empty test cluster, in place of the embedded one",
    },
    ...planOptions,
    faultOption,
    networkOption,
  ],
  examples: [
    "podid sandbox",
    "podid sandbox --vms vm-0,vm-1 --scale-sets vmss=3 --identities reader,writer",
    "podid sandbox --file cluster.yaml",
    "podid sandbox --fault imds.token=error:500,times=3",
  ],
  run: async (values, context) => {
    await using sandbox = await openSandbox(values, context);
    tellSandbox(sandbox, context.screen);
    await Promise.all([untilStopped(context), followStatus(sandbox, context)]);
  },
};

/**
 * Starts the sandbox that a command asked for.
 * @throws Fault PLATFORM_UNSUPPORTED where it cannot run, FILE_UNREADABLE when the programs are not built
 */
export async function openSandbox(values: CommandValues, { root, screen, signal }: CliContext): Promise<Sandbox> {
  if (process.platform !== "linux") {
    const why = "pods get loopback addresses of their own, which only Linux has; use WSL2 or a Linux container";
    throw new Fault("PLATFORM_UNSUPPORTED", `the sandbox runs on Linux only (here: ${process.platform}): ${why}`);
  }
  const programs = new Map(PROGRAMS.map((name) => [name, { file: join(root, "bin", name) }]));
  const unbuilt = [...programs.values()].find(({ file }) => !existsSync(file));
  if (unbuilt !== undefined) throw new Fault("FILE_UNREADABLE", `${unbuilt.file} is not built: run "npm run build"`);
  const { startSandbox } = await import("../sandbox/compose.ts");
  const kubeconfig = values.withRealKubernetes;
  const kubernetes =
    typeof kubeconfig === "string" ? { kubeconfig, access: await emptyCluster(kubeconfig, signal) } : undefined;
  const sandbox = await startSandbox({
    programs,
    log: troubleLog({ write: (line) => tellTrouble(line, screen) }),
    plan: await planWishes(values),
    faults: listOf(values.fault),
    network: values.network as NetworkWish, // one of the choices: commander has checked
    ...(kubernetes && { kubernetes }),
  });
  screen.say(`Sandbox in ${sandbox.folder}: nodes ${sandbox.nodes.map(({ name }) => name).join(", ")}`);
  screen.say(`network: ${sandbox.network}`);
  return sandbox;
}

/** What goes wrong in the sandbox itself, on standard error; the screen tells the rest. */
export function troubleLog(options: LogOptions = {}): Log {
  return {
    ...createLog(options),
    info: () => {},
    verbose: () => {},
    named: (source) => troubleLog({ ...options, source }),
  };
}

/** A line of trouble where the line that is drawn over itself was. */
export function tellTrouble(line: string, screen: Screen, write = writeError): void {
  screen.clear();
  write(line);
}

const writeError = (line: string) => void process.stderr.write(line);

type NetworkWish = (typeof networkOption.choices)[number];

/** The values of an option that may be repeated. */
export function listOf(value: CommandValues[string]): readonly string[] {
  return Array.isArray(value) ? value : [];
}

/** How to look around in a sandbox that runs. */
export function tellSandbox(sandbox: Sandbox, screen: Screen): void {
  screen.heading("The sandbox is running");
  screen.say(`  export KUBECONFIG=${sandbox.kubeconfig}`);
  screen.say(`  logs of pods:     ${sandbox.folder}/logs`);
  screen.say(`  Azure (ARM):      ${sandbox.azure.armUrl}  subscription ${sandbox.azure.subscription}`);
  for (const node of sandbox.nodes) screen.say(`  node ${node.name}: ${node.machineId}`);
  for (const { name, clientId, id } of sandbox.identities)
    screen.say(`  identity ${name}: client ID ${clientId}, ${id}`);
  screen.say("Ctrl-C ends it and leaves nothing behind.");
}

/** Resolves when the command is told to stop. */
export async function untilStopped({ signal }: CliContext): Promise<void> {
  await raceAbort(new Promise<never>(() => {}), signal).catch(() => {});
}
