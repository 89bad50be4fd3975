import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAssignment } from "../../src/api/assignment.ts";
import { BINDING_LABEL, kinds } from "../../src/api/kinds.ts";
import { objectProblems } from "../support/problems.ts";
import { type SandboxCluster, startSandboxCluster } from "../support/sandbox-cluster.ts";

const signal = AbortSignal.timeout(120_000);
const patience = { timeout: 30_000 };
let cluster: SandboxCluster;

beforeAll(async () => {
  cluster = await startSandboxCluster();
});

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

type KubeEvent = {
  readonly message: string;
  readonly type: string;
  readonly involvedObject: { kind: string; name: string };
};

async function warningsAbout(kind: string, name: string): Promise<string> {
  const events = (await cluster.client.list(kinds.event, {}, signal)) as readonly KubeEvent[];
  const about = events.filter(({ involvedObject }) => involvedObject.kind === kind && involvedObject.name === name);
  return about
    .filter(({ type }) => type === "Warning")
    .map(({ message }) => message)
    .join("\n");
}

async function stateOf(pod: string): Promise<string | undefined> {
  const records = (await cluster.client.list(kinds.assignment, {}, signal)).map(readAssignment);
  return records.find((record) => record.pod === pod)?.state;
}

/** An identity, a binding of it and a pod that it selects, all of one name. */
async function deploy(name: string, spec: object): Promise<void> {
  const metadata = { name };
  await cluster.create(kinds.identity, {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentity",
    metadata,
    spec,
  });
  const binding = { azureIdentity: name, selector: name };
  await cluster.create(kinds.binding, {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentityBinding",
    metadata,
    spec: binding,
  });
  await cluster.create(kinds.pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { [BINDING_LABEL]: name } },
    spec: { containers: [{ name: "demo", image: "aad-pod-identity/demo:dev" }] },
  });
}

describe("an AzureIdentity that cannot be used", () => {
  it.each(objectProblems.map((problem, i) => ({ ...problem, name: `bad-${i}` })))(
    "$cause: is told in the log and in events, hinders nobody, and works once it is mended",
    async ({ name, spec, sentence }) => {
      const good = `good-beside-${name}`;
      const { id, clientId } = await cluster.sandbox.azure.createIdentity(good);
      await deploy(name, spec);
      await deploy(good, { type: 0, resourceID: id, clientID: clientId });

      await expect.poll(() => stateOf(good), patience).toBe("Assigned");
      await expect
        .poll(() => cluster.logOf("mic"), patience)
        .toContain(`ignoring azure identity default/${name}, error: ${sentence.slice(0, 200)}`);
      await expect.poll(() => warningsAbout("AzureIdentity", name), patience).toContain(sentence);
      await expect.poll(() => warningsAbout("Pod", name), patience).toContain(sentence);
      expect(await stateOf(name)).toBeUndefined();

      const mended = { spec: { type: 0, resourceID: id, clientID: clientId } };
      await cluster.client.patch(
        kinds.identity,
        { namespace: "default", name },
        { type: "merge", body: mended },
        signal,
      );
      await expect.poll(() => stateOf(name), patience).toBe("Assigned");
    },
  );
});
