import { describe, it, vi } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { workloads } from "./kubectl-objects.ts";
import { seen } from "./kubectl-seen.ts";
import { hostTwoServers, type Step } from "./kubectl-under-test.ts";

vi.setConfig({ testTimeout: 120_000 }); // many programs, one after the other

const made: readonly Step[] = [
  { run: "create --filename=-", input: [...workloads, ...seen.objects] },
  ...seen.statuses,
];

onKubernetes("kubectl", (shared) => {
  const on = hostTwoServers(shared);

  describe.concurrent("describes", () => {
    it("what a cluster is made of", () =>
      on().same(
        ...made,
        "describe pods",
        "describe deployment,daemonset,replicaset,statefulset,service",
        "describe configmap,secret,serviceaccount,role,rolebinding",
        "describe job,cronjob,poddisruptionbudget,endpoints,endpointslice,lease",
        "describe namespace NAMESPACE",
        { run: "describe pod none", code: 1 },
      ));

    it("nodes, and takes pods off them", () =>
      on().same(
        { run: "create --filename=-", input: [seen.node] },
        { run: ["patch", "node", seen.nodeName, "--subresource=status", `--patch=${seen.nodeStatus}`] },
        { run: "create --filename=-", input: [seen.podOnNode] },
        `get node ${seen.nodeName} --output=wide`,
        `describe node ${seen.nodeName}`,
        `cordon ${seen.nodeName}`,
        `taint node ${seen.nodeName} colour=red:NoSchedule`,
        `get node ${seen.nodeName}`,
        { run: `drain ${seen.nodeName}`, code: 1 },
        { run: `drain ${seen.nodeName} --force --grace-period=0`, only: (line) => !line.startsWith("evicting") },
        "get pods",
        `uncordon ${seen.nodeName}`,
        `delete node ${seen.nodeName}`,
      ));

    it("with events, and waits", () =>
      on().same(
        { run: "create --filename=-", input: workloads.slice(0, 3) },
        { run: "create --filename=-", input: [seen.event] },
        "get events",
        { run: "events", only: (line) => line !== "" },
        "get events --output=wide --field-selector=involvedObject.name=one,reason=Pulled",
        "describe pod one",
        ...seen.statuses.slice(2, 3),
        "wait deployment/web --for=jsonpath={.status.readyReplicas}=1 --timeout=5s",
        { run: "wait pod/one --for=condition=Ready --timeout=1s", code: 1 },
        ...seen.statuses.slice(0, 1),
        "wait pod/one --for=condition=Initialized --timeout=5s",
        "wait pod/none --for=delete --timeout=1s",
        { run: "logs one --container=nobody", code: 1 },
        "logs two",
        { run: "logs none", code: 1 },
      ));
  });
});
