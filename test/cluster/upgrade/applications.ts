import { setTimeout } from "node:timers/promises";
import { urls } from "../support/azure-facts.ts";
import { clusterMissing } from "../support/missing.ts";
import { peers } from "./images.ts";
import { Passing } from "./passing.ts";
import { during, type Seen } from "./watch.ts";
import { APPS, asking, type Identities, workload } from "./workload.ts";
import { startWorld, type UpgradeWorld } from "./world.ts";

/** Why nothing can be upgraded here; undefined when it can. */
export const upgradeMissing = () =>
  clusterMissing() ?? (peers.mic && peers.nmi ? undefined : "PEER_MIC and PEER_NMI name no programs");

/** Where the programs run. */
type Place = { readonly namespace: string; readonly nmi: string; readonly mic: string };
type Work = () => Promise<unknown>;

const AFTERWARDS_MS = 5_000;

/** Pods on a cluster with the original installed, that ask for tokens all the time, and what they got. */
export type Applications = AsyncDisposable & {
  readonly world: UpgradeWorld;
  /** What pods got while a change was rolled out, and a little after. */
  duringRollout(name: string, change: Work): Promise<Seen>;
  /** The pods that did not get a token of their own by NMI each time. */
  troubleWith(name: string, work: Work): Promise<readonly string[]>;
  /** Restarts NMI. */
  restartNmi(): Promise<unknown>;
};

export async function startApplications(
  { namespace, nmi, mic }: Place,
  install: (world: UpgradeWorld, identities: Identities) => Promise<void>,
): Promise<Applications> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startWorld());
  const { azure, facts, kubectl } = world;
  const identities = {
    solo: await azure.createIdentity("solo"),
    left: await azure.createIdentity("left"),
    right: await azure.createIdentity("right"),
    passing: await azure.createIdentity("passing"),
    principal: await azure.createServicePrincipal(),
  };
  await kubectl("create", "namespace", APPS);
  await install(world, identities);
  await world.apply(...workload(identities, facts, urls.entra));
  await kubectl("wait", "pod", "--all", "--namespace", APPS, "--for=condition=Ready", "--timeout=2m");
  stack.use(new Passing(world));
  const cleanUp = stack.move();
  const watch = (name: string, work: Work) => during(world, asking(identities), name, work);
  return {
    world,
    duringRollout: (name, change) =>
      watch(name, async () => {
        await change();
        for (const what of [`daemonset/${nmi}`, `deployment/${mic}`]) {
          await kubectl("rollout", "status", what, "--namespace", namespace, "--timeout=4m");
        }
        await setTimeout(AFTERWARDS_MS);
      }),
    troubleWith: async (name, work) =>
      [...(await watch(name, work))].flatMap(([pod, { asked, tokens, direct }]) =>
        asked > 0 && asked === tokens && direct === 0 ? [] : [pod],
      ),
    restartNmi: () => kubectl("rollout", "restart", `daemonset/${nmi}`, "--namespace", namespace),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
