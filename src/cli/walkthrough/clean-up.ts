import { kinds } from "../../api/kinds.ts";
import { isGone } from "./install.ts";
import { BYSTANDER, IDENTITY_NAME, POD } from "./manifests.ts";
import { remove, type Step, until, type Walk } from "./walk.ts";

/** The guide's clean-up: afterwards neither a record nor the identity on the machine is left. */
export const cleanUp: Step = {
  title: "Clean up",
  run: async (walk) => {
    const binding = `${IDENTITY_NAME}-binding`;
    walk.screen.typed(`kubectl delete pod ${POD} ${BYSTANDER}`);
    for (const pod of [POD, BYSTANDER]) await remove(walk, kinds.pod, pod);
    walk.screen.typed(`kubectl delete azureidentity ${IDENTITY_NAME}`);
    await remove(walk, kinds.identity, IDENTITY_NAME);
    walk.screen.typed(`kubectl delete azureidentitybinding ${binding}`);
    await remove(walk, kinds.binding, binding);

    await until(walk, { what: "the AzureAssignedIdentity to go", probe: () => areUnassigned(walk) });
    walk.screen.ok("no AzureAssignedIdentity is left");
    await until(walk, { what: "the identity to leave the machines", probe: () => isOffMachines(walk) });
    walk.screen.ok("the identity is off the machine again");
    for (const pod of [POD, BYSTANDER]) await until(walk, { what: `pod ${pod} to go`, probe: () => isGone(walk, pod) });

    walk.screen.typed(`az identity delete -g ${walk.sandbox.azure.resourceGroup} -n ${IDENTITY_NAME}`);
    await walk.sandbox.azure.deleteIdentity(IDENTITY_NAME);
    walk.screen.ok("the identity is gone from Azure");
  },
};

async function areUnassigned(walk: Walk): Promise<{ value: true } | { now: string }> {
  const left = await walk.client.list(kinds.assignment, {}, walk.signal);
  return left.length === 0 ? { value: true } : { now: `${left.length} left` };
}

async function isOffMachines(walk: Walk): Promise<{ value: true } | { now: string }> {
  for (const { name, machineId } of walk.sandbox.nodes) {
    const left = await walk.sandbox.azure.identitiesOn(machineId);
    if (left.length > 0) return { now: `${name} has ${left.length}` };
  }
  return { value: true };
}
