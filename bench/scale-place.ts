import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { World } from "../src/sandbox/azure/world.ts";
import { RESOURCE_GROUP } from "./azure-place.ts";
import { identityObject, scaleSetNodes, times } from "./bench-cluster.ts";
import { identityName, identityOf, NAMESPACE, type Scale, type ScaleFacts } from "./scale-objects.ts";

/** Makes the scale sets and identities in Azure, each set with the identities that its pods use. */
export function furnishAzure(world: World, scale: Scale): ScaleFacts {
  const identities = times(scale.identities, (n) => identityObject(world, NAMESPACE, identityName(n)));
  const idOf = (name: string) => world.createIdentity({ resourceGroup: RESOURCE_GROUP, name }).id;
  const sets = times(scale.scaleSets, (set) => {
    const names = new Set(times(scale.identitiesASet, (n) => identityOf(set, n, scale)));
    const userAssigned = [...names].map(idOf);
    const { instances } = scale;
    return world.createScaleSet({ resourceGroup: RESOURCE_GROUP, name: `vmss-${set}`, instances, userAssigned });
  });
  return { scale, identities, nodes: sets.flatMap(scaleSetNodes), machines: sets.map(({ id }) => id) };
}

/** An API server in memory, in a process of its own, with the cluster that the facts describe. */
export async function startScaleServer(
  facts: ScaleFacts,
  signal: AbortSignal,
): Promise<AsyncDisposable & { readonly url: string }> {
  const child = fork(join(import.meta.dirname, "scale-server.ts"), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = once(child, "exit");
  const end = async () => {
    child.kill("SIGKILL"); // it holds nothing that outlives it
    await ended;
  };
  try {
    const tooEarly = ended.then(([code]) => {
      throw new Error(`the API server in memory ended with ${code}`);
    });
    child.send(facts);
    const [url] = (await Promise.race([once(child, "message", { signal }), tooEarly])) as [string];
    tooEarly.catch(() => {}); // from now on its end is what we ask for
    return { url, [Symbol.asyncDispose]: end };
  } catch (reason) {
    await end();
    throw reason;
  }
}
