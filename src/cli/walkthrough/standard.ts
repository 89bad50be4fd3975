import { readBinding } from "../../api/binding.ts";
import { identityProblem, readIdentity } from "../../api/identity.ts";
import { kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import { isAssigned, listAssignments } from "./assignments.ts";
import { createIdentities, targetOf } from "./azure-steps.ts";
import { hasTokenOf, isRefused } from "./checks.ts";
import { cleanUp, uninstall } from "./clean-up.ts";
import { install } from "./install.ts";
import { bindingYaml, guidePodYaml, identityYaml, olderSpelling, podYaml } from "./manifests.ts";
import { eventOf, nodeOf } from "./probes.ts";
import { standardSetup } from "./setup.ts";
import { applyYaml, kubectl } from "./typing.ts";
import { identityOf, type Step, until } from "./walk.ts";

const IDENTITY = "demo";
const NAMESPACE = "default";
/** The pod whose label matches the binding, and the one without a label. */
const DEMO = { namespace: NAMESPACE, pod: "demo" };
const BYSTANDER = { namespace: NAMESPACE, pod: "bystander" };

/** The guide "Getting started". `isOlder` writes its YAML as guides from before release 1.6 do. */
export function standardSteps(isOlder: boolean): readonly Step[] {
  const spelled = isOlder ? olderSpelling : (yaml: string) => yaml;
  return [
    install(standardSetup),
    createIdentities(IDENTITY),
    deployIdentity(spelled),
    deployBinding(spelled),
    deployPod,
    list,
    validate,
    refuseBystander,
    cleanUp({ pods: [DEMO.pod, BYSTANDER.pod], identity: IDENTITY }),
    uninstall(standardSetup),
  ];
}

type Spelling = (yaml: string) => string;

function deployIdentity(spelled: Spelling): Step {
  return {
    title: "Deploy AzureIdentity",
    run: async (walk) => {
      const azure = identityOf(walk, IDENTITY);
      await applyYaml(walk, spelled(identityYaml({ name: IDENTITY, ...azure })));
      await kubectl(walk, `describe azureidentity ${IDENTITY}`);
      const ref = { namespace: NAMESPACE, name: IDENTITY };
      const stored = readIdentity(await walk.client.get(kinds.identity, ref, walk.signal));
      const problem = identityProblem(stored);
      if (problem !== undefined) throw new Fault("STEP_FAILED", `the AzureIdentity cannot be used: ${problem}`);
      expectSame("resource ID", stored.resourceId, azure.resourceId);
      expectSame("client ID", stored.clientId, azure.clientId);
      walk.screen.ok("the AzureIdentity names the identity on Azure");
    },
  };
}

function deployBinding(spelled: Spelling): Step {
  return {
    title: "Deploy AzureIdentityBinding",
    run: async (walk) => {
      const name = `${IDENTITY}-binding`;
      await applyYaml(walk, spelled(bindingYaml({ name, identity: IDENTITY, selector: IDENTITY })));
      const stored = readBinding(await walk.client.get(kinds.binding, { namespace: NAMESPACE, name }, walk.signal));
      expectSame("AzureIdentity", stored.identityName, IDENTITY);
      expectSame("selector", stored.selector, IDENTITY);
      walk.screen.ok(`pods with the label aadpodidbinding=${stored.selector} may use it`);
    },
  };
}

function expectSame(what: string, found: string, expected: string): void {
  if (found !== expected) throw new Fault("STEP_FAILED", `the stored ${what} is "${found}", expected "${expected}"`);
}

const deployPod: Step = {
  title: "Deployment: a pod with the label",
  run: async (walk) => {
    await applyYaml(walk, guidePodYaml(DEMO.pod, IDENTITY, targetOf(walk, IDENTITY)));
    await isAssigned(walk, { ...DEMO, identity: IDENTITY });
  },
};

const list: Step = {
  title: "List the AzureAssignedIdentity objects",
  run: async (walk) => {
    await listAssignments(walk, 1);
    await until(walk, {
      what: "MIC's event on the pod",
      probe: () => eventOf(walk, NAMESPACE, DEMO.pod, "BindingApplied"),
    });
    await kubectl(walk, `get events --field-selector=involvedObject.name=${DEMO.pod},reason=BindingApplied`);
    walk.screen.ok(`one, for pod ${NAMESPACE}/${DEMO.pod}`);
  },
};

const validate: Step = {
  title: "Validation: the pod's log",
  run: async (walk) => {
    await hasTokenOf(walk, DEMO, `${NAMESPACE}/${IDENTITY}`, identityOf(walk, IDENTITY).clientId);
    walk.screen.ok("the pod has tokens for ARM, and never saw a secret");
  },
};

/** A pod without the label gets nothing, not even beside one that has it. */
const refuseBystander: Step = {
  title: "A pod without the label gets no token",
  run: async (walk) => {
    const node = await nodeOf(walk, DEMO);
    walk.screen.say(`  It runs on ${node}, whose machine has the identity.`);
    await applyYaml(walk, podYaml({ name: BYSTANDER.pod, node, target: targetOf(walk, IDENTITY) }));
    await isRefused(walk, BYSTANDER, /the pod has no label aadpodidbinding/);
  },
};
