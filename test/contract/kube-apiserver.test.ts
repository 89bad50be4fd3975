import { expect, it } from "vitest";
import { createLog } from "../../src/base/log.ts";
import type { KubeAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadAccess } from "../../src/kube/kubeconfig.ts";
import { accessTo } from "../support/kube/control-plane.ts";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { kubeEvents } from "./kube-events.ts";
import { kubeLeader } from "./kube-leader.ts";
import { kubeLegacyLock } from "./kube-legacy-lock.ts";
import { kubeObjects, kubeRoles } from "./kube-objects.ts";
import { kubePeerLeader } from "./kube-peer-leader.ts";
import { kubeStore } from "./kube-store.ts";
import { kubeStoreTrouble } from "./kube-store-trouble.ts";
import { namespaces } from "./kube-under-test.ts";

/** The binary of release 1.8, where there is one to try. */
const peer = process.env.PEER_MIC;

onKubernetes("kube-apiserver", (shared) => {
  const api = () => ({ access: accessTo(shared) });
  const stranger = (): KubeAccess => {
    const access = accessTo(shared);
    return { ...access, credentials: async () => ({ ...(await access.credentials()), impersonate: "jane" }) };
  };

  kubeObjects(api);
  kubeRoles(api, stranger);
  kubeStore(api);
  kubeStoreTrouble(api);
  kubeLeader(api);
  kubeLegacyLock(api);
  kubeEvents(api);
  if (peer !== undefined) kubePeerLeader(peer);

  it("is reached by its kubeconfig, with the client certificate in there", async ({ signal }) => {
    const access = await loadAccess(shared.kubeconfig, {});
    await using client = new KubeClient(access, { userAgent: "contract", log: createLog({ write: () => {} }) });
    expect(access.server).toBe(shared.server);
    expect(await client.get(namespaces, { namespace: "", name: "default" }, signal)).toMatchObject({
      kind: "Namespace",
    });
  });
});
