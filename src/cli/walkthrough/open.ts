import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { createLog } from "../../base/log.ts";
import { KubeClient } from "../../kube/client.ts";
import { loadAccess } from "../../kube/kubeconfig.ts";
import type { Sandbox } from "../../sandbox/compose.ts";
import type { CliContext, CommandValues } from "../command.ts";
import { OwnKubectl } from "../kubectl/own.ts";
import { findKubectl, KubectlProgram, type Variables } from "../kubectl/program.ts";
import { openSandbox } from "../sandbox.ts";
import type { Breakage, Walk } from "./walk.ts";

type Opened = AsyncDisposable & {
  readonly walk: Walk;
  /** Does without `kubectl`, whoever types. */
  readonly own: OwnKubectl;
};

/** Starts a sandbox to walk through. @throws Fault FLAG_INVALID, or as the sandbox's start */
export async function openWalk(values: CommandValues, context: CliContext): Promise<Opened> {
  const { env = {}, screen, signal, root } = context;
  const timeoutMs = readTimeout(values);
  const file = findKubectl(String(values.kubectl), env);
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(await openSandbox(values, context));
  const access = await loadAccess(sandbox.kubeconfig, {});
  const client = stack.use(new KubeClient(access, { userAgent: "podid", log: createLog({ write: () => {} }) }));
  const own = stack.use(new OwnKubectl(access, root));
  const isOnOwnCluster = values.withRealKubernetes !== undefined;
  const variables = await variablesOf(sandbox, env, isOnOwnCluster);
  const program = file && new KubectlProgram({ file, folder: root, env: variables });
  tellHow(context, sandbox, file);
  const walk: Walk = {
    ...{ sandbox, client, screen, signal, root, timeoutMs, isOnOwnCluster },
    kubectl: program || own,
    breakage: values.break as Breakage | undefined, // one of the choices: commander has checked
    identities: new Map(),
    created: [],
  };
  const ending = stack.move();
  return { walk, own, [Symbol.asyncDispose]: () => ending.disposeAsync() };
}

function readTimeout({ timeout }: CommandValues): number {
  if (typeof timeout === "string" && /^\d{1,4}$/.test(timeout) && Number(timeout) > 0) return Number(timeout) * 1000;
  throw new Fault("FLAG_INVALID", `--timeout takes a whole number of seconds from 1 to 9999, not "${timeout}"`);
}

/**
 * The environment of `kubectl`: what it keeps goes with the sandbox. A kubeconfig of the user's own may need their home,
 * for the program that signs them in.
 */
async function variablesOf(
  { folder, kubeconfig, marked }: Sandbox,
  env: Variables,
  isOnOwnCluster: boolean,
): Promise<Variables> {
  const home = join(folder, "home");
  await mkdir(home, { recursive: true });
  const more = isOnOwnCluster ? {} : { HOME: home };
  return { ...env, ...more, ...marked, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(home, "cache") };
}

function tellHow({ screen, root }: CliContext, { kubeconfig }: Sandbox, kubectl: string | undefined): void {
  const how = kubectl === undefined ? "is not run: the same is done by the API itself" : `is ${kubectl}`;
  screen.say(`kubectl ${how}. az is not run: → is what it asks of Azure.`);
  screen.say("To type along in another terminal:");
  screen.say(`  cd ${root}`);
  screen.say(`  export KUBECONFIG=${kubeconfig}`);
}
