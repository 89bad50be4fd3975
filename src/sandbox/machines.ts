import { startImds } from "./azure/imds.ts";
import type { World } from "./azure/world.ts";
import type { SandboxNode } from "./manifests.ts";
import type { ClusterNetwork, NodePlace } from "./network/cluster-network.ts";
import { type MachinePlan, nodeNamesOf } from "./plan/entries.ts";
import type { SandboxPlan } from "./plan/plan.ts";

/** A node and its place in the network. */
export type Machine = { readonly node: SandboxNode; readonly place: NodePlace };

/** Starts the VMs and scale sets of a plan, and an IMDS for each of their nodes. */
export async function startMachines(
  stack: AsyncDisposableStack,
  { world, network, plan }: { readonly world: World; readonly network: ClusterNetwork; readonly plan: SandboxPlan },
): Promise<Machine[]> {
  const machines: Machine[] = [];
  for (const wanted of plan.machines) {
    const { id: machineId, instanceIds } = createMachine(world, wanted, plan);
    for (const [i, name] of nodeNamesOf(wanted).entries()) {
      const instanceId = instanceIds[i] ?? machineId;
      const place = await network.addNode();
      const emulator = stack.use(await startImds({ world, machine: instanceId, host: place.imdsHost }));
      const imds = await place.connectImds(emulator);
      const { address, nmi } = place;
      const facts = { name, address, machineId, providerId: `azure://${instanceId}`, labels: wanted.labels };
      machines.push({ node: { ...facts, nmi, imds, hasRules: network.kind === "namespaces" }, place });
    }
  }
  return machines;
}

/** A VM, or a scale set with its instances, with the identities that it has from the start. */
function createMachine(world: World, wanted: MachinePlan, { identities }: SandboxPlan) {
  const { name, resourceGroup, instances } = wanted;
  const userAssigned = identities
    .filter((place) => wanted.identities.includes(place.name))
    .map((place) => world.createIdentity(place).id);
  const wishes = { name, resourceGroup, userAssigned };
  const { id } = (wanted.kind === "vm" ? world.createVm(wishes) : world.createScaleSet({ ...wishes, instances })).facts;
  const parts = Array.from({ length: instances }, (_, i) => `${id}/virtualMachines/${i}`);
  return { id, instanceIds: wanted.kind === "vm" ? [id] : parts };
}
