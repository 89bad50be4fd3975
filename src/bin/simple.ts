import { KubeClient } from "../kube/client.ts";
import { loadAccess } from "../kube/kubeconfig.ts";
import { listAll } from "../simple/listing.ts";
import { type SimpleConfig, simpleOptions } from "../simple/options.ts";
import { type Context, runProgram } from "./program.ts";

async function run({ kubeconfig }: SimpleConfig, { signal, log }: Context): Promise<void> {
  if (kubeconfig === "") log.warn("--kubeconfig not passed will use InClusterConfig");
  const access = await loadAccess(kubeconfig, process.env);
  await using client = new KubeClient(access, { userAgent: "aad-pod-identity/simple", log });
  await listAll({ client, log, write: (text) => process.stdout.write(text) }, signal);
}

void runProgram({
  name: "simple",
  summary: "lists AzureIdentities, AzureIdentityBindings and AzureAssignedIdentities",
  options: simpleOptions,
  run,
});
