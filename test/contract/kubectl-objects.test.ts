import { describe, it, vi } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { workloads } from "./kubectl-objects.ts";
import { hostTwoServers } from "./kubectl-under-test.ts";

vi.setConfig({ testTimeout: 120_000 }); // many programs, one after the other

onKubernetes("kubectl", (shared) => {
  const on = hostTwoServers(shared);

  describe.concurrent("make and show", () => {
    it("what it makes itself", () =>
      on().same(
        "create configmap settings --from-literal=size=1 --output=yaml",
        "create secret generic keys --from-literal=password=secret --output=yaml",
        "create serviceaccount robot --output=yaml",
        "create role reader --verb=get,list --resource=pods,deployments.apps --output=yaml",
        "create rolebinding readers --role=reader --user=jane --serviceaccount=default:robot --group=all --output=yaml",
        "create deployment web --image=web:1 --replicas=2 --port=80 --output=yaml",
        "create service clusterip web --tcp=80:8080 --output=yaml",
        "create service nodeport open --tcp=80 --output=yaml",
        "create service externalname far --external-name=example.com --output=yaml",
        "create job once --image=once --output=yaml -- true",
        { run: ["create", "cronjob", "often", "--image=often:1", "--schedule=* * * * *", "--output=yaml"] },
        "create poddisruptionbudget most --selector=app=web --min-available=50% --output=yaml",
        { run: "create configmap settings --from-literal=size=2", code: 1 },
        { run: "create deployment Web --image=web", code: 1 },
      ));

    it("what is written in a file, with the server's defaults", () =>
      on().same({ run: "create --filename=- --output=yaml", input: workloads }));

    it("objects by name, in groups, by label and by field", () =>
      on().same(
        { run: "create --filename=-", input: workloads },
        "get pod one --output=jsonpath={.spec.containers[0].imagePullPolicy}",
        "get pods,services --output=name",
        "get pods --selector=app=web --output=name",
        "get pods --selector=app!=web,tier --output=name",
        "get pods --field-selector=status.phase=Pending,metadata.name!=one --output=name",
        "get pods --output=custom-columns=NAME:.metadata.name,ON:.spec.nodeName --sort-by=.metadata.name",
        { run: "get pod none", code: 1 },
        "get pod none --ignore-not-found",
        { run: "get nothing", code: 1 },
        { run: "get pods --field-selector=spec.colour=red", code: 1 },
        { run: "get pods --selector=a=b=c", code: 1 },
      ));

    it("go, one by one or all together", () =>
      on().same(
        { run: "create --filename=-", input: workloads },
        "delete pod one --now",
        "delete pods --all --wait=false",
        "delete deployments,services --selector=app=web",
        "delete daemonset,statefulset,replicaset --all",
        { run: "delete pod one", code: 1 },
        "delete pod one --ignore-not-found",
        "get pods,deployments,services,daemonsets",
      ));
  });
});
