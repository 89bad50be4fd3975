import { it, onTestFinished } from "vitest";
import { crdsInto } from "../../test/support/mic/cluster.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { apiVersion, kinds } from "../api/kinds.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "../kube/client.ts";
import { startKubeApi } from "../sandbox/kube-api/server.ts";
import { nmiStores } from "./stores.ts";

const never = new AbortController().signal;

it.each([
  { isScaled: true, then: ["labelled"] },
  { isScaled: false, then: ["labelled", "of-an-old-release", "of-another-node"] },
])("NMI follows records of this node by their label, or all of them: $isScaled", async ({ isScaled, then }) => {
  const api = await startKubeApi();
  onTestFinished(() => api[Symbol.asyncDispose]());
  const log = createLog({ write: () => {} });
  const client = new KubeClient({ server: api.url, credentials: async () => ({}) }, { userAgent: "test", log });
  onTestFinished(() => client[Symbol.asyncDispose]());
  await crdsInto(client);
  const create = (name: string, nodename: string, labels: object) => {
    const spec = { pod: name, podNamespace: "default", nodename };
    const object = {
      apiVersion: apiVersion(kinds.assignment),
      kind: "AzureAssignedIdentity",
      metadata: { name, labels },
      spec,
    };
    return client.create(kinds.assignment, "default", object, never);
  };
  await create("labelled", "node-0", { nodename: "node-0" });
  await create("of-another-node", "node-1", { nodename: "node-1" });
  await create("of-an-old-release", "node-0", {});

  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const { assignments } = nmiStores({ client, node: "node-0", isScaled, isManaged: false, log, onContact: () => {} });
  void assignments?.run(stop.signal);
  await assignments?.ready(never);
  await eventually(() =>
    assignments
      ?.list()
      .map(({ meta }) => meta.name)
      .sort(),
  ).toEqual(then);
});
