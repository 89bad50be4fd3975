import { urls } from "../support/azure-facts.ts";
import { installOriginal } from "./original.ts";
import { Passing } from "./passing.ts";
import { during, type Seen } from "./watch.ts";
import { APPS, asking, originalValuesOf, workload } from "./workload.ts";
import { startWorld, type UpgradeWorld } from "./world.ts";

/** Pods on a cluster with the original installed, that ask for tokens all the time, and what they got. */
export type Applications = AsyncDisposable & {
  readonly world: UpgradeWorld;
  during(name: string, work: () => Promise<unknown>): Promise<Seen>;
};

export async function startApplications(): Promise<Applications> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startWorld());
  const { azure, facts } = world;
  const identities = {
    solo: await azure.createIdentity("solo"),
    left: await azure.createIdentity("left"),
    right: await azure.createIdentity("right"),
    passing: await azure.createIdentity("passing"),
    principal: await azure.createServicePrincipal(),
  };
  await world.kubectl("create", "namespace", APPS);
  await installOriginal(world, originalValuesOf(identities));
  await world.apply(...workload(identities, facts, urls.entra));
  await world.kubectl("wait", "pod", "--all", "--namespace", APPS, "--for=condition=Ready", "--timeout=2m");
  stack.use(new Passing(world));
  const cleanUp = stack.move();
  return {
    world,
    during: (name, work) => during(world, asking(identities), name, work),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
