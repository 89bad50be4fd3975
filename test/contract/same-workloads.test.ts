import { describe, it, vi } from "vitest";
import { type Deed, twoManagers } from "../support/azure/two-managers.ts";
import { missing } from "../support/kube/control-plane.ts";
import { APPS, merge } from "../support/kube/same-objects.ts";

vi.setConfig({ testTimeout: 180_000 }); // each deed has to settle on both

const reason = missing();
const selector = { matchLabels: { app: "web" } };
const template = (image: string, spec: object = {}) => ({
  metadata: { labels: { app: "web" }, annotations: { note: "of the pod" } },
  spec: { automountServiceAccountToken: false, containers: [{ name: "main", image }], ...spec },
});
const web = (spec: object): Deed => ({
  path: `${APPS}/deployments`,
  body: {
    metadata: { name: "web", annotations: { own: "kept" } },
    spec: { selector, template: template("demo:1"), ...spec },
  },
});
const change = (spec: object): Deed => merge(`${APPS}/deployments/web`, { spec });
const remove = (path: string, propagationPolicy = "Background"): Deed => ({
  method: "DELETE",
  path,
  body: { propagationPolicy },
});
const ready: Deed = { pods: "ready" };
const gone: Deed = { pods: "gone" };
const failed: Deed = { pods: "failed" };
const succeeded: Deed = { pods: "succeeded" };
/** No kubelet tells of the nodes, which the real controllers hold against them after a while. */
const tolerations = [{ operator: "Exists" }];
const DAEMONS = `${APPS}/daemonsets`;
const agent = (image: string, updateStrategy: object, spec: object = {}): Deed => ({
  path: DAEMONS,
  body: {
    metadata: { name: "agent" },
    spec: { selector, updateStrategy, template: template(image, { tolerations, ...spec }) },
  },
});
const changeAgent = (image: string): Deed =>
  merge(`${DAEMONS}/agent`, { spec: { template: template(image, { tolerations }) } });
const JOBS = "/apis/batch/v1/namespaces/NS/jobs";
const once = (spec: object): Deed => ({
  path: JOBS,
  body: { metadata: { name: "once" }, spec: { template: template("demo:1", { restartPolicy: "Never" }), ...spec } },
});

describe.skipIf(reason !== undefined)(`the real controllers' own ways${reason ? ` (skipped: ${reason})` : ""}`, () => {
  const same = twoManagers();
  const cases: Readonly<Record<string, readonly Deed[]>> = {
    "a deployment comes, is scaled and goes": [
      ...[web({ replicas: 2 }), ready, change({ replicas: 3 }), ready, change({ replicas: 1 })],
      remove(`${APPS}/deployments/web`),
    ],
    "a deployment rolls, with pods above what is wanted": [
      ...[web({ replicas: 2, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }), ready],
      ...[change({ template: template("demo:2") }), ready, ready, ready],
    ],
    "a deployment rolls, with pods below what is wanted": [
      ...[web({ replicas: 4, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "50%" } } }), ready],
      ...[change({ template: template("demo:2") }), ready, ready],
    ],
    "a deployment goes back": [
      ...[web({ replicas: 1 }), ready, change({ template: template("demo:2") }), ready],
      ...[change({ template: template("demo:1") }), ready],
    ],
    "a deployment puts new pods in the place of old ones": [
      ...[web({ replicas: 2, strategy: { type: "Recreate" } }), ready, change({ template: template("demo:2") }), ready],
      remove(`${APPS}/deployments/web`, "Foreground"),
    ],
    "a deployment pauses": [
      ...[web({ replicas: 1 }), ready, change({ paused: true }), change({ template: template("demo:2") })],
      ...[change({ replicas: 2 }), change({ paused: false }), ready, ready],
    ],
    "a deployment that keeps no history": [
      ...[web({ replicas: 1, revisionHistoryLimit: 0 }), ready, change({ template: template("demo:2") }), ready],
    ],
    "a deployment whose pods are deleted, or have no account": [
      ...[web({ replicas: 2 }), ready, gone, ready, failed],
      change({ template: template("demo:2", { serviceAccountName: "none" }) }),
    ],
    "daemons, replaced in place": [
      ...[agent("demo:1", { rollingUpdate: { maxUnavailable: 1 } }), ready, changeAgent("demo:2")],
      ...([
        { pods: "ready" },
        { pods: "ready" },
        changeAgent("demo:1"),
        ready,
        ready,
        remove(`${DAEMONS}/agent`),
      ] as Deed[]),
    ],
    "daemons, the new beside the old": [
      ...[agent("demo:1", { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, { hostNetwork: true }), ready],
      ...[changeAgent("demo:2"), ready, ready],
    ],
    "daemons that are replaced when somebody deletes them": [
      ...([agent("demo:1", { type: "OnDelete" }), ready, changeAgent("demo:2"), gone, ready] as Deed[]),
    ],
    "daemons of some nodes": [agent("demo:1", {}, { nodeSelector: { "kubernetes.io/hostname": "node-b" } }), ready],
    "a job ends well": [...([once({}), ready, succeeded, remove(`${JOBS}/once`)] as Deed[])],
    "a job of several pods": [...([once({ completions: 3, parallelism: 2 }), succeeded, succeeded] as Deed[])],
    "a job fails": [...([once({ backoffLimit: 0 }), failed] as Deed[])],
    "a job is held up": [once({ suspend: true }), merge(`${JOBS}/once`, { spec: { suspend: false } }), ready],
    "a job goes by itself": [...([once({ ttlSecondsAfterFinished: 0 }), succeeded] as Deed[])],
  };
  it.concurrent.for(Object.entries(cases))("%s", async ([, deeds]) => {
    await same(...deeds);
  });
});
