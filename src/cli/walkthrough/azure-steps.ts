import type { DemoTarget } from "./manifests.ts";
import { az } from "./typing.ts";
import { identityOf, type Step, type Walk } from "./walk.ts";

/** "Create an identity on Azure". */
export function createIdentities(...names: readonly string[]): Step {
  return {
    title: names.length === 1 ? "Create an identity on Azure" : "Create identities on Azure",
    run: async (walk) => {
      for (const name of names) await createIdentity(walk, name);
    },
  };
}

async function createIdentity(walk: Walk, name: string): Promise<void> {
  const { azure } = walk.sandbox;
  const line = `identity create -g ${azure.resourceGroup} -n ${name}`;
  const { id, clientId } = await az(walk, line, () => azure.createIdentity(name));
  walk.identities.set(name, { resourceId: id, clientId });
  walk.screen.ok(`the client ID of ${name} is ${clientId}`);
  if (walk.breakage === "identity") await deleteIdentity(walk, name, " # --break=identity");
}

/** `az identity delete`. */
export async function deleteIdentity(walk: Walk, name: string, comment = ""): Promise<void> {
  const { azure } = walk.sandbox;
  const line = `identity delete -g ${azure.resourceGroup} -n ${name}${comment}`;
  await az(walk, line, async () => ({ sent: await azure.deleteIdentity(name) }));
}

/** What a demo pod asks for: tokens of this client ID, and the machines of the sandbox. */
export function demoTarget({ sandbox: { azure } }: Walk, clientId: string): DemoTarget {
  const { subscription, resourceGroup } = azure;
  return { subscription, resourceGroup, clientId };
}

/** The same for an identity on Azure. */
export function targetOf(walk: Walk, identity: string): DemoTarget {
  return demoTarget(walk, identityOf(walk, identity).clientId);
}
