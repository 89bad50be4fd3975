import { readBinding } from "../../api/binding.ts";
import { identityProblem, readIdentity } from "../../api/identity.ts";
import { kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import {
  bindingYaml,
  IDENTITY_NAME,
  identityYaml,
  NAMESPACE,
  olderBindingYaml,
  olderIdentityYaml,
} from "./manifests.ts";
import { applyYaml, azureOf, type Step, type Walk } from "./walk.ts";

/** "2. Create an identity on Azure". */
export const createIdentity: Step = {
  title: "Create an identity on Azure",
  run: async (walk) => {
    const { azure } = walk.sandbox;
    walk.screen.typed(`az identity create -g ${azure.resourceGroup} -n ${IDENTITY_NAME}`);
    const { id, clientId } = await azure.createIdentity(IDENTITY_NAME);
    walk.azure = {
      subscription: azure.subscription,
      resourceGroup: azure.resourceGroup,
      resourceId: id,
      clientId,
      armUrl: azure.armUrl,
    };
    walk.screen.ok(`IDENTITY_CLIENT_ID=${clientId}`);
    walk.screen.ok(`IDENTITY_RESOURCE_ID=${id}`);
    if (walk.breakage === "identity") await deleteIdentity(walk);
  },
};

async function deleteIdentity(walk: Walk): Promise<void> {
  walk.screen.typed(`az identity delete -g ${walk.sandbox.azure.resourceGroup} -n ${IDENTITY_NAME} # --break=identity`);
  await walk.sandbox.azure.deleteIdentity(IDENTITY_NAME);
}

/** "3. Deploy AzureIdentity". */
export const deployIdentity: Step = {
  title: "Deploy AzureIdentity",
  run: async (walk) => {
    const azure = azureOf(walk);
    await applyYaml(walk, walk.isOlder ? olderIdentityYaml(azure) : identityYaml(azure));
    const stored = readIdentity(
      await walk.client.get(kinds.identity, { namespace: NAMESPACE, name: IDENTITY_NAME }, walk.signal),
    );
    const problem = identityProblem(stored);
    if (problem !== undefined) throw new Fault("STEP_FAILED", `the AzureIdentity cannot be used: ${problem}`);
    expectSame("resource ID", stored.resourceId, azure.resourceId);
    expectSame("client ID", stored.clientId, azure.clientId);
    walk.screen.ok("the AzureIdentity names the identity on Azure");
  },
};

/** "5. Deploy AzureIdentityBinding". */
export const deployBinding: Step = {
  title: "Deploy AzureIdentityBinding",
  run: async (walk) => {
    await applyYaml(walk, walk.isOlder ? olderBindingYaml() : bindingYaml());
    const name = `${IDENTITY_NAME}-binding`;
    const stored = readBinding(await walk.client.get(kinds.binding, { namespace: NAMESPACE, name }, walk.signal));
    expectSame("AzureIdentity", stored.identityName, IDENTITY_NAME);
    expectSame("selector", stored.selector, IDENTITY_NAME);
    walk.screen.ok(`pods with the label aadpodidbinding=${stored.selector} may use it`);
  },
};

function expectSame(what: string, found: string, expected: string): void {
  if (found !== expected) throw new Fault("STEP_FAILED", `the stored ${what} is "${found}", expected "${expected}"`);
}
