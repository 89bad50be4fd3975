import { afterAll, beforeAll, describe } from "vitest";
import { Secret } from "../../src/base/secret.ts";
import type { KubeAccess } from "../../src/kube/access.ts";
import { type KubeApi, startKubeApi } from "../../src/sandbox/kube-api/server.ts";
import { kubeEvents } from "./kube-events.ts";
import { kubeLeader } from "./kube-leader.ts";
import { kubeLegacyLock } from "./kube-legacy-lock.ts";
import { kubeObjects, kubeRoles } from "./kube-objects.ts";
import { kubeStore } from "./kube-store.ts";
import { kubeStoreTrouble } from "./kube-store-trouble.ts";
import type { ApiUnderTest } from "./kube-under-test.ts";

describe("the embedded API server", () => {
  let server: KubeApi;
  beforeAll(async () => {
    server = await startKubeApi({ tokens: new Map([["admin's", "admin"]]), bookmarkMs: 500 });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const api = (): ApiUnderTest => ({
    access: { server: server.url, credentials: async () => ({ token: new Secret("admin's") }) },
  });
  const stranger = (): KubeAccess => {
    const { access } = api();
    return { ...access, credentials: async () => ({ ...(await access.credentials()), impersonate: "jane" }) };
  };
  kubeObjects(api);
  kubeRoles(api, stranger);
  kubeStore(api);
  kubeStoreTrouble(api);
  kubeLeader(api);
  kubeLegacyLock(api);
  kubeEvents(api);
});
