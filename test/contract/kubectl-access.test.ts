import { describe, it, vi } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { hostTwoServers } from "./kubectl-under-test.ts";

vi.setConfig({ testTimeout: 120_000 }); // many programs, one after the other

onKubernetes("kubectl", (shared) => {
  const on = hostTwoServers(shared);

  describe.concurrent("tells", () => {
    it("who may do what, and shows it to the others", () =>
      on().same(
        "create serviceaccount robot",
        "create role reader --verb=get,list,watch --resource=pods,pods/log",
        "create rolebinding readers --role=reader --serviceaccount=NAMESPACE:robot --user=jane",
        "auth can-i delete nodes",
        "auth can-i list pods --as=jane",
        { run: "auth can-i create pods --as=jane", code: 1 },
        { run: "auth can-i list pods --as=jane --namespace=default", code: 1 },
        "auth can-i get pods --subresource=log --as=system:serviceaccount:NAMESPACE:robot",
        { run: "auth can-i --list --as=jane", only: (line) => !line.includes("[/") },
        "get pods --as=jane",
        { run: "get secrets --as=jane", code: 1 },
        { run: "delete pod one --as=jane", code: 1 },
        { run: "create role writer --verb=update --resource=pods --as=jane", code: 1 },
        "create token robot --duration=10m --output=jsonpath={.kind}",
      ));
  });
});
