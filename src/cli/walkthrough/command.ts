import { Fault } from "../../base/fault.ts";
import { createLog } from "../../base/log.ts";
import { KubeClient } from "../../kube/client.ts";
import { loadAccess } from "../../kube/kubeconfig.ts";
import type { Sandbox } from "../../sandbox/compose.ts";
import type { CliContext, Command, CommandValues } from "../command.ts";
import { openSandbox, tellSandbox, untilStopped } from "../sandbox.ts";
import { cleanUp } from "./clean-up.ts";
import { createIdentity, deployBinding, deployIdentity } from "./identity-steps.ts";
import { install } from "./install.ts";
import { deployPod, listAssignments, readLog, refuseBystander } from "./pod-steps.ts";
import { leaveCluster, uninstall } from "./uninstall.ts";
import type { Breakage, Step, Walk } from "./walk.ts";

const steps: readonly Step[] = [
  install,
  createIdentity,
  deployIdentity,
  deployBinding,
  deployPod,
  listAssignments,
  readLog,
  refuseBystander,
  cleanUp,
  uninstall,
];

export const walkthroughCommand: Command = {
  name: "walkthrough",
  summary: "Do the Standard Walkthrough on an embedded sandbox, and check every step.",
  options: [
    { flags: "--keep", help: "leave everything running before the clean-up, until Ctrl-C" },
    { flags: "--older-yaml", help: "write the YAML as guides from before release 1.6 do (ResourceID, Selector, ...)" },
    { flags: "--timeout <seconds>", help: "how long one step may take", fallback: "60" },
    {
      flags: "--break <part>",
      help: "break something on purpose, to see how it is told",
      choices: ["mic", "identity", "permission"],
    },
    {
      flags: "--with-real-kubernetes <kubeconfig>",
      help: "use this API server, of an empty test cluster, in place of the embedded one",
    },
  ],
  examples: ["podid walkthrough", "podid walkthrough --keep", "podid walkthrough --break=identity --timeout=10"],
  run: async (values, context) => {
    const timeoutMs = readTimeout(values);
    await using sandbox = await openSandbox(values, context);
    const access = await loadAccess(sandbox.kubeconfig, {});
    await using client = new KubeClient(access, { userAgent: "podid", log: createLog({ write: () => {} }) });
    const walk = newWalk(sandbox, client, timeoutMs, values, context);
    const todo = values.keep === true ? steps.filter((step) => step !== cleanUp && step !== uninstall) : steps;
    try {
      for (const [i, step] of todo.entries())
        await runStep(walk, step, `Step ${i + 1} of ${todo.length}: ${step.title}`);
      context.screen.say(`\nAll ${todo.length} steps held.`);
      if (values.keep !== true) return;
      tellSandbox(sandbox, context.screen);
      await untilStopped(context);
    } finally {
      // The embedded Kubernetes ends with the sandbox; a cluster of the user's own must not keep what we put there.
      if (values.withRealKubernetes !== undefined) await leaveCluster(walk);
    }
  },
};

function readTimeout({ timeout }: CommandValues): number {
  if (typeof timeout === "string" && /^\d{1,4}$/.test(timeout) && Number(timeout) > 0) return Number(timeout) * 1000;
  throw new Fault("FLAG_INVALID", `--timeout takes a whole number of seconds from 1 to 9999, not "${timeout}"`);
}

function newWalk(
  sandbox: Sandbox,
  client: KubeClient,
  timeoutMs: number,
  values: CommandValues,
  { screen, signal, root }: CliContext,
): Walk {
  const breakage = values.break as Breakage | undefined; // one of the choices: commander has checked
  const isOlder = values.olderYaml === true;
  return { sandbox, client, screen, signal, root, timeoutMs, isOlder, breakage, azure: undefined, created: [] };
}

async function runStep(walk: Walk, step: Step, heading: string): Promise<void> {
  walk.screen.heading(heading);
  try {
    await step.run(walk);
  } catch (reason) {
    walk.signal.throwIfAborted();
    const fault = Fault.from(reason);
    if (fault.code === "UNEXPECTED") throw reason;
    walk.screen.failed(fault.message);
    throw new Fault("STEP_FAILED", `${heading} did not hold: ${fault.message}`, { cause: reason });
  }
}
