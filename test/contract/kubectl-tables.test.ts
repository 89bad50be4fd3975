import { describe, it, vi } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { workloads } from "./kubectl-objects.ts";
import { seen } from "./kubectl-seen.ts";
import { hostTwoServers, type Step } from "./kubectl-under-test.ts";

vi.setConfig({ testTimeout: 120_000 }); // many programs, one after the other

/** Objects with the status that a cluster's controllers and nodes would give them. */
const made: readonly Step[] = [
  { run: "create --filename=-", input: [...workloads, ...seen.objects] },
  ...seen.statuses,
];
const namespaced = [
  ...["pods", "services", "secrets", "configmaps", "serviceaccounts", "endpoints", "leases", "endpointslices"],
  ...["deployments", "daemonsets", "replicasets", "statefulsets", "controllerrevisions", "jobs", "cronjobs"],
  ...["poddisruptionbudgets", "roles", "rolebindings", "limitranges", "resourcequotas"],
];

onKubernetes("kubectl", (shared) => {
  const on = hostTwoServers(shared);

  describe.concurrent("shows tables", () => {
    it("of every kind, short and wide", () =>
      on().same(
        ...made,
        { run: `get ${namespaced.join(",")} --output=wide`, code: 0 },
        "get all --show-labels",
        "get pods one two --label-columns=app,tier",
        "get pods --sort-by=.metadata.name --no-headers",
        "get events",
        { run: "get events --output=wide", only: (line) => !line.includes("kubectl") },
        "get pod one --output=wide --show-kind",
        "get namespace default kube-system --output=wide",
        { run: "get priorityclasses --output=wide", only: (line) => /^NAME|system/.test(line) },
        "get deployments --all-namespaces --field-selector=metadata.name=none",
      ));

    it("as long as it is told to", async () => {
      const [one, two] = [workloads.slice(0, 1), workloads.slice(1, 2)];
      await on().sameWhile({
        watching: "get pods --watch",
        lines: 5,
        first: [{ run: "create --filename=-", input: one }],
        then: [{ run: "create --filename=-", input: two }, ...seen.statuses.slice(0, 1), "delete pod two --wait=false"],
      });
    });

    it("of events as they come", () =>
      on().sameWhile({
        watching: "get pods --watch --output-watch-events --show-labels --selector=app=web",
        lines: 4,
        first: [{ run: "create --filename=-", input: workloads.slice(0, 2) }],
        then: ["label pod one tier=front", "label pod one app=other --overwrite"],
      }));
  });
});
