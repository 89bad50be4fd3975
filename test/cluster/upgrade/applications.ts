import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
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
/** Until pods that have just begun are served, on a busy machine. */
const SERVED_MS = 240_000;

/** Pods on a cluster with the original installed, that ask for tokens all the time, and what they got. */
export type Applications = AsyncDisposable & {
  readonly world: UpgradeWorld;
  /** What pods got while a change was rolled out, and a little after. */
  duringRollout(name: string, change: Work): Promise<Seen>;
  /** The pods that did not get a token of their own by NMI each time. */
  troubleWith(name: string, work: Work): Promise<readonly string[]>;
  /** Waits until every pod gets its tokens. */
  served(): Promise<void>;
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
  const troubleWith = async (name: string, work: Work) =>
    [...(await watch(name, work))].flatMap(([pod, { asked, tokens, direct }]) =>
      asked > 0 && asked === tokens && direct === 0 ? [] : [pod],
    );
  const served = async () => {
    const trouble = () => troubleWith("before a change", () => setTimeout(3_000));
    await expect.poll(trouble, { timeout: SERVED_MS }).toEqual([]);
  };
  return {
    world,
    duringRollout: async (name, change) => {
      await served(); // what a change before left, as requests that pile up at the original, is no part of this one
      return await watch(name, async () => {
        await change();
        for (const what of [`daemonset/${nmi}`, `deployment/${mic}`]) {
          await kubectl("rollout", "status", what, "--namespace", namespace, "--timeout=4m");
        }
        await setTimeout(AFTERWARDS_MS);
      });
    },
    troubleWith,
    served,
    restartNmi: () => kubectl("rollout", "restart", `daemonset/${nmi}`, "--namespace", namespace),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
