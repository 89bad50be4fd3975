import { readFileSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { startArm } from "../../../src/sandbox/azure/arm.ts";
import { startEntra } from "../../../src/sandbox/azure/entra.ts";
import { startImds } from "../../../src/sandbox/azure/imds.ts";
import { createWorld } from "../../../src/sandbox/azure/world.ts";
import { controlServer } from "./azure-control.ts";
import { type AzureFacts, METADATA_ADDRESS, nodeAddress, ports } from "./azure-facts.ts";
import { metadataFront } from "./azure-metadata.ts";
import { vaultServer } from "./azure-vault.ts";
import { azureVerbs, RESOURCE_GROUP } from "./azure-verbs.ts";

// The Azure of a cluster, to be run in the cluster's own network: node azure-stand-in.ts FOLDER, where the folder holds
// tls.crt and tls.key. It writes facts.json there, serves azure.sock, and ends with its standard input.

/** A change of a machine takes its time, as in Azure. */
const OPERATION_MS = 300;
const [, , folder = "."] = process.argv;
const tls = { cert: readFileSync(join(folder, "tls.crt"), "utf8"), key: readFileSync(join(folder, "tls.key"), "utf8") };
const world = await createWorld();
const denied = new Set<string>();
const place = { world, host: "0.0.0.0", tls };
await startArm({ ...place, port: ports.arm, operationMs: OPERATION_MS });
await startEntra({ ...place, port: ports.entra });
await listen(vaultServer(world, denied, tls), ports.vault);

const vm = world.createVm({ resourceGroup: RESOURCE_GROUP, name: "node1" });
const set = world.createScaleSet({ resourceGroup: RESOURCE_GROUP, name: "nodes", instances: 2 });
const instances = [vm.id, `${set.id}/virtualMachines/0`, `${set.id}/virtualMachines/1`];
const machines = instances.map((instanceId, at) => ({
  node: `node${at + 1}`,
  id: at === 0 ? vm.id : set.id,
  instanceId,
}));
const services = new Map<string, number>();
for (const [at, { instanceId }] of machines.entries()) {
  services.set(nodeAddress(at + 1), (await startImds({ world, machine: instanceId })).port);
}
await listen(metadataFront(services), 80, METADATA_ADDRESS);

const { subscription, tenant } = world;
const facts: AzureFacts = {
  subscription,
  tenant,
  resourceGroup: RESOURCE_GROUP,
  machines,
  mic: world.createServicePrincipal(),
};
writeFileSync(join(folder, "facts.json"), JSON.stringify(facts));
const control = controlServer(azureVerbs(world, denied));
await new Promise<void>((resolve) => control.listen(join(folder, "azure.sock"), resolve));
process.stdout.write("ready\n");
process.stdin.on("end", () => process.exit(0)).resume();

function listen(server: Server, port: number, host?: string): Promise<void> {
  return new Promise((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
}
