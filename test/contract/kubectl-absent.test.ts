import { describe, it, vi } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { hostTwoServers } from "./kubectl-under-test.ts";

vi.setConfig({ testTimeout: 120_000 }); // many programs, one after the other

const bird = { apiVersion: "absent.example.com/v1", kind: "Bird", metadata: { name: "owl" }, spec: { wings: 2 } };
const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { a: "1" } };
const typo = { ...settings, apiVersion: "apps/v1", kind: "Deploymant" };
const list = { apiVersion: "v1", kind: "List", items: [settings, { ...settings, metadata: { name: "others" } }] };

onKubernetes("kubectl and what is not there", (shared) => {
  const on = hostTwoServers(shared);

  describe.concurrent("says the same", () => {
    it("of kinds that nobody has", () =>
      on().same(
        { run: "get birds", code: 1 },
        { run: "describe bird owl", code: 1 },
        { run: "explain birds", code: 1 },
        { run: "explain birds --api-version=absent.example.com/v1", code: 1 },
        { run: ["patch", "bird", "owl", "--patch={}"], code: 1 },
        { run: "get --raw=/apis/absent.example.com/v1/birds", code: 1 },
      ));

    it("of objects of such kinds in a file", () =>
      on().same(
        { run: "apply --filename=-", input: [bird], code: 1 },
        { run: "create --filename=-", input: [bird], code: 1 },
        { run: "delete --filename=-", input: [bird], code: 1 },
        { run: "diff --filename=-", input: [bird], code: 2 },
        { run: "apply --filename=-", input: [typo], code: 1 },
        { run: "apply --filename=-", input: [settings, bird], code: 1 },
        "get configmap settings --output=jsonpath={.data}",
      ));

    it("of a list", () =>
      on().same(
        { run: "apply --filename=-", input: [{ ...list, items: [...list.items, bird] }], code: 1 },
        "get configmaps settings others --output=name",
      ));
  });
});
