import { it } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { Ask } from "../support/kube/same-api.ts";
import { APPS, deployment, main, map, merge, template } from "../support/kube/same-objects.ts";
import { twoApis } from "../support/kube/two-apis.ts";

const JOBS = "/apis/batch/v1/namespaces/NS/jobs";
const CRONS = "/apis/batch/v1/namespaces/NS/cronjobs";
const DAEMONS = `${APPS}/daemonsets`;
const SETS = `${APPS}/replicasets`;
const STATEFUL = `${APPS}/statefulsets`;

const once = { spec: { containers: [main], restartPolicy: "Never" } };
const job = (spec: object = {}): Ask => ({ path: JOBS, body: map({ spec: { template: once, ...spec } }) });
const cron = (spec: object = {}, metadata: object = {}): Ask => ({
  path: CRONS,
  body: map({ spec: { schedule: "* * * * *", jobTemplate: { spec: { template: once } }, ...spec } }, metadata),
});
const at = (schedule: string): Ask => cron({ schedule });
const set = (path: string, spec: object = {}): Ask => ({ path, body: deployment(spec) });
const labelled = (labels: object, spec: object = {}) => ({
  template: { metadata: { labels }, spec: { ...template.spec, ...spec } },
});
const selecting = (...matchExpressions: readonly object[]) => ({ selector: { matchExpressions } });

const cronJobs: Readonly<Record<string, readonly Ask[]>> = {
  "no schedule": [at("")],
  "a schedule of four fields": [at("* * * *")],
  "a minute of no hour": [at("61 * * * *")],
  "a day of no month": [at("0 0 0 * *")],
  "a range backwards": [at("5-1 * * * *")],
  "a word for a minute": [at("x * * * *")],
  "a step of nothing": [at("*/0 * * * *")],
  "an unknown name": [at("@often")],
  "a duration without a unit": [at("@every 5")],
  "a zone in the schedule": [at("TZ=UTC 0 0 * * *")],
  "an unknown zone": [cron({ timeZone: "Nowhere/At_All" })],
  "a local zone": [cron({ timeZone: "Local" })],
  "a policy": [cron({ concurrencyPolicy: "Sometimes" })],
  "a deadline below zero": [cron({ startingDeadlineSeconds: -1, failedJobsHistoryLimit: -1 })],
  "a long name": [cron({}, { name: "a".repeat(53) })],
  "a job that never ends": [cron({ jobTemplate: { spec: { template: { spec: { containers: [main] } } } } })],
  "no job": [cron({ jobTemplate: {} })],
  "nothing wrong": [at("*/5 0-6/2 1,15 jan-MAR sun")],
};

const jobs: Readonly<Record<string, readonly Ask[]>> = {
  "numbers below zero": [job({ parallelism: -1, completions: -2, backoffLimit: -3, ttlSecondsAfterFinished: -4 })],
  "a mode": [job({ completionMode: "Counted" })],
  "no end of numbered pods": [job({ completionMode: "Indexed", parallelism: 2 })],
  "another template": [
    job(),
    merge(`${JOBS}/a`, { spec: { template: { spec: { containers: [{ name: "main", image: "demo:2" }] } } } }),
  ],
  "more completions": [job({ completions: 2 }), merge(`${JOBS}/a`, { spec: { completions: 3 } })],
  "more at once": [job({ completions: 2 }), merge(`${JOBS}/a`, { spec: { parallelism: 2, backoffLimit: 1 } })],
  "another mode": [job({ completions: 1 }), merge(`${JOBS}/a`, { spec: { completionMode: "Indexed" } })],
  "other nodes while it is held up": [
    job({ suspend: true }),
    merge(`${JOBS}/a`, { spec: { template: { spec: { nodeSelector: { a: "b" } } } } }),
  ],
};

const sets: Readonly<Record<string, readonly Ask[]>> = {
  "a ReplicaSet without a selector": [{ path: SETS, body: map({ spec: { template } }) }],
  "a ReplicaSet of an empty selector": [set(SETS, { selector: {} })],
  "a ReplicaSet of other labels": [set(SETS, labelled({ app: "b" }))],
  "a ReplicaSet below zero": [set(SETS, { replicas: -1, minReadySeconds: -1 })],
  "a ReplicaSet that ends": [set(SETS, labelled({ app: "a" }, { restartPolicy: "Never", activeDeadlineSeconds: 5 }))],
  "a ReplicaSet of another selector": [
    set(SETS),
    merge(`${SETS}/a`, {
      spec: { selector: { matchLabels: { more: "b" } }, template: labelled({ more: "b" }).template },
    }),
  ],
  "a StatefulSet without a selector": [{ path: STATEFUL, body: map({ spec: { template } }) }],
  "a StatefulSet of an empty selector": [set(STATEFUL, { selector: {} })],
  "a StatefulSet of other labels": [set(STATEFUL, labelled({ app: "b" }))],
  "a StatefulSet's name": [{ path: STATEFUL, body: { ...deployment(), metadata: { name: "a.b" } } }],
  "a StatefulSet's service": [set(STATEFUL, { serviceName: "A_B" })],
  "a StatefulSet's order": [set(STATEFUL, { podManagementPolicy: "Any" })],
  "a StatefulSet's strategy": [set(STATEFUL, { updateStrategy: { type: "Recreate" } })],
  "a StatefulSet that ends": [set(STATEFUL, labelled({ app: "a" }, { restartPolicy: "OnFailure" }))],
  "a StatefulSet of no volume": [
    set(
      STATEFUL,
      labelled({ app: "a" }, { containers: [{ ...main, volumeMounts: [{ name: "v", mountPath: "/v" }] }] }),
    ),
  ],
  "a StatefulSet of another service": [
    set(STATEFUL, { serviceName: "a" }),
    merge(`${STATEFUL}/a`, { spec: { serviceName: "b" } }),
  ],
  "a StatefulSet of more pods": [
    set(STATEFUL, { serviceName: "a" }),
    merge(`${STATEFUL}/a`, { spec: { replicas: 3, minReadySeconds: 2 } }),
  ],
  "a DaemonSet without a selector": [{ path: DAEMONS, body: map({ spec: { template } }) }],
  "a DaemonSet of an empty selector": [set(DAEMONS, { selector: {} })],
  "a DaemonSet below zero": [set(DAEMONS, { minReadySeconds: -1, revisionHistoryLimit: -1 })],
  "a Deployment below zero": [
    set(`${APPS}/deployments`, { minReadySeconds: -1, revisionHistoryLimit: -1, progressDeadlineSeconds: -1 }),
  ],
  "a Deployment of unreadable labels": [set(`${APPS}/deployments`, labelled({ app: "a", more: "a b" }))],
  "a Deployment of an unreadable annotation": [
    set(`${APPS}/deployments`, {
      template: { ...template, metadata: { ...template.metadata, annotations: { "a b": "c" } } },
    }),
  ],
  "a Deployment that ends": [
    set(`${APPS}/deployments`, labelled({ app: "a" }, { restartPolicy: "Sometimes", activeDeadlineSeconds: 5 })),
  ],
  "an expression without values": [set(`${APPS}/deployments`, selecting({ key: "app", operator: "In" }))],
  "an expression of no operator": [set(`${APPS}/deployments`, selecting({ key: "app", operator: "Like" }))],
  "an expression that the template does not meet": [
    set(`${APPS}/deployments`, selecting({ key: "app", operator: "NotIn", values: ["a"] })),
  ],
  "an expression that it meets": [set(`${APPS}/deployments`, selecting({ key: "app", operator: "Exists" }))],
};

onKubernetes("the rules of the real API server for what makes pods", (shared) => {
  const expectSame = twoApis(shared);
  for (const [group, cases] of Object.entries({ cronJobs, jobs, sets })) {
    it.concurrent.for(Object.entries(cases))(`${group}: %s`, async ([, asks]) => {
      await expectSame(asks);
    });
  }
});
