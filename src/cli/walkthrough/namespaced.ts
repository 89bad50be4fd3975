import { isAssigned, listAssignments } from "./assignments.ts";
import { createIdentities, targetOf } from "./azure-steps.ts";
import { hasTokenOf, isRefused } from "./checks.ts";
import { install } from "./install.ts";
import { bindingYaml, identityYaml, podYaml, together } from "./manifests.ts";
import { eventOf } from "./probes.ts";
import { namespacedSetup } from "./setup.ts";
import { applyYaml, createNamespace, kubectl } from "./typing.ts";
import { identityOf, type Step, until } from "./walk.ts";

const IDENTITY = "payroll";
const OWN = { namespace: "finance", pod: "salaries" };
const FOREIGN = { namespace: "web", pod: "shop" };
const labels = { aadpodidbinding: IDENTITY };

/** The guide "Keep identities in their namespaces". */
export const namespacedSteps: readonly Step[] = [
  install(namespacedSetup),
  createIdentities(IDENTITY),
  {
    title: "An identity in the namespace finance",
    run: async (walk) => {
      const { namespace } = OWN;
      for (const name of [namespace, FOREIGN.namespace]) await createNamespace(walk, name);
      const identity = identityYaml({ name: IDENTITY, namespace, ...identityOf(walk, IDENTITY) });
      const binding = { name: `${IDENTITY}-binding`, namespace, identity: IDENTITY, selector: IDENTITY };
      await applyYaml(walk, together(identity, bindingYaml(binding)));
      await kubectl(walk, "get azureidentities --all-namespaces");
    },
  },
  {
    title: "A pod of finance gets tokens",
    run: async (walk) => {
      const target = targetOf(walk, IDENTITY);
      await applyYaml(walk, podYaml({ name: OWN.pod, namespace: OWN.namespace, labels, target }));
      await isAssigned(walk, { ...OWN, identity: IDENTITY });
      await listAssignments(walk, 1);
      walk.screen.ok("the record is in the namespace of the pod, too");
      await hasTokenOf(walk, OWN, `${OWN.namespace}/${IDENTITY}`, identityOf(walk, IDENTITY).clientId);
    },
  },
  {
    title: "A pod of web with the same label does not",
    run: async (walk) => {
      const target = targetOf(walk, IDENTITY);
      await applyYaml(walk, podYaml({ name: FOREIGN.pod, namespace: FOREIGN.namespace, labels, target }));
      await isRefused(walk, FOREIGN, /every identity bound to the pod may be used only by pods of its own namespace/);
      const { namespace, pod } = FOREIGN;
      await until(walk, { what: "MIC's event on the pod", probe: () => eventOf(walk, namespace, pod, "NoBinding") });
      await kubectl(walk, `get events -n ${namespace} --field-selector=involvedObject.name=${pod},reason=NoBinding`);
      walk.screen.ok("the pod's event says why, and names nothing of the other namespace");
      await listAssignments(walk, 1);
    },
  },
];
