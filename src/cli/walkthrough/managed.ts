import { kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import { createIdentities, targetOf } from "./azure-steps.ts";
import { hasLines, hasTokenOf, isRefused, saysNmi, successLines } from "./checks.ts";
import { install } from "./install.ts";
import { bindingYaml, identityYaml, podYaml, together } from "./manifests.ts";
import { managedSetup } from "./setup.ts";
import { applyYaml, az, createNamespace, kubectl } from "./typing.ts";
import { identityOf, type Step, until, type Walk } from "./walk.ts";

const IDENTITY = "app";
const OWN = { namespace: "team", pod: "app" };
const FOREIGN = { namespace: "default", pod: "stranger" };
const ADDON = { namespace: "kube-system", pod: "addon" };
const PLAIN = { namespace: "kube-system", pod: "not-an-addon" };
const labels = { aadpodidbinding: IDENTITY };
const ADDON_LABEL = { "kubernetes.azure.com/managedby": "aks" };

/** The guides "Managed mode" and "Let pods past NMI". */
export const managedSteps: readonly Step[] = [
  install(managedSetup),
  createIdentities(IDENTITY),
  { title: "Put the identity on the machines yourself", run: assignToMachines },
  {
    title: "A pod gets tokens by the identity of its namespace",
    run: async (walk) => {
      const { namespace, pod } = OWN;
      await createNamespace(walk, namespace);
      const identity = identityYaml({ name: IDENTITY, namespace, ...identityOf(walk, IDENTITY) });
      const binding = { name: `${IDENTITY}-binding`, namespace, identity: IDENTITY, selector: IDENTITY };
      await applyYaml(walk, together(identity, bindingYaml(binding)));
      await applyYaml(walk, podYaml({ name: pod, namespace, labels, target: targetOf(walk, IDENTITY) }));
      await hasTokenOf(walk, OWN, `${namespace}/${IDENTITY}`, identityOf(walk, IDENTITY).clientId);
      await kubectl(walk, "get azureassignedidentities --all-namespaces");
      const records = await walk.client.list(kinds.assignment, {}, walk.signal);
      if (records.length > 0) throw new Fault("STEP_FAILED", `somebody made ${records.length} AzureAssignedIdentities`);
      walk.screen.ok("nobody records anything: there is no MIC");
    },
  },
  {
    title: "A pod of another namespace gets none",
    run: async (walk) => {
      await applyYaml(walk, podYaml({ name: FOREIGN.pod, labels, target: targetOf(walk, IDENTITY) }));
      await isRefused(walk, FOREIGN, /no AzureIdentityBinding of the pod's namespace has the selector app/);
    },
  },
  { title: "An add-on of AKS passes NMI by an exception", run: passAddOn },
];

async function assignToMachines(walk: Walk): Promise<void> {
  const { azure, nodes } = walk.sandbox;
  const { resourceId } = identityOf(walk, IDENTITY);
  for (const { machineId } of nodes) {
    const name = machineId.split("/").at(-1);
    const command = /virtualMachineScaleSets/i.test(machineId) ? "vmss" : "vm";
    const line = `${command} identity assign -g ${azure.resourceGroup} -n ${name} --identities ${resourceId}`;
    await az(walk, line, async () => ({ sent: await azure.assignIdentity(machineId, resourceId, walk.signal) }));
    const has = await azure.identitiesOn(machineId);
    if (has.length !== 1) throw new Fault("STEP_FAILED", `${machineId} has ${has.length} identities, expected 1`);
    walk.screen.ok(`${name} has the identity`);
  }
}

async function passAddOn(walk: Walk): Promise<void> {
  const { namespace } = ADDON;
  await kubectl(walk, `describe azurepodidentityexception aks-addon-exception -n ${namespace}`);
  const target = targetOf(walk, IDENTITY);
  const addOn = podYaml({ name: ADDON.pod, namespace, labels: ADDON_LABEL, target });
  await applyYaml(walk, together(addOn, podYaml({ name: PLAIN.pod, namespace, target })));
  await hasLines(walk, ADDON, successLines(target.clientId));
  const passed = /decision="excepted".* by="exception".*|by="exception".* decision="excepted".*/;
  await until(walk, { what: "NMI to tell of the exception", probe: () => saysNmi(walk, passed) });
  walk.screen.ok("the add-on has no binding: its requests went to IMDS as they are, and NMI's log says so");
  await isRefused(walk, PLAIN, /the pod has no label aadpodidbinding/);
}
