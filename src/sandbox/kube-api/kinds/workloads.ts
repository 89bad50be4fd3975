import { isEqual, type JsonObject, type KubeObject, objectOr } from "../json.ts";
import { builtIn, type Resource } from "../resource.ts";
import { templateDefaults, within, withMissing } from "./pod-defaults.ts";

/** What the API server fills in of a spec that makes pods. */
type SpecDefaults = (spec: JsonObject, metadata: JsonObject) => JsonObject;

function workload(
  group: string,
  kind: string,
  plural: string,
  spec: SpecDefaults,
  more: Partial<Resource> = {},
): Resource {
  return builtIn(group, kind, plural, {
    hasStatus: true,
    hasGeneration: true,
    categories: ["all"],
    prepare: (object) => ({ ...object, spec: spec(objectOr(object.spec), objectOr(object.metadata)) }),
    ...more,
  });
}

function deploymentDefaults(spec: JsonObject): JsonObject {
  const strategy = withMissing(objectOr(spec.strategy), { type: "RollingUpdate" });
  const rolling = withMissing(objectOr(strategy.rollingUpdate), { maxSurge: "25%", maxUnavailable: "25%" });
  return templateDefaults({
    ...withMissing(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }),
    strategy: strategy.type === "RollingUpdate" ? { ...strategy, rollingUpdate: rolling } : strategy,
  });
}

function daemonSetDefaults(spec: JsonObject): JsonObject {
  const strategy = withMissing(objectOr(spec.updateStrategy), { type: "RollingUpdate" });
  const rolling = withMissing(objectOr(strategy.rollingUpdate), { maxSurge: 0, maxUnavailable: 1 });
  return templateDefaults({
    ...withMissing(spec, { revisionHistoryLimit: 10 }),
    updateStrategy: strategy.type === "RollingUpdate" ? { ...strategy, rollingUpdate: rolling } : strategy,
  });
}

const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

/** An annotation counts the changes of the template, as it always did. */
function prepareDaemonSet(object: JsonObject, old: KubeObject | undefined): JsonObject {
  const spec = daemonSetDefaults(objectOr(object.spec));
  const metadata = objectOr(object.metadata);
  const had = Number(objectOr(old?.metadata.annotations)[TEMPLATE_GENERATION] ?? 0);
  const isSame = isEqual(objectOr(old?.spec).template, spec.template);
  const annotations = { ...objectOr(metadata.annotations), [TEMPLATE_GENERATION]: String(isSame ? had : had + 1) };
  return { ...object, spec, metadata: { ...metadata, annotations } };
}

function statefulSetDefaults(spec: JsonObject): JsonObject {
  const strategy = withMissing(objectOr(spec.updateStrategy), { type: "RollingUpdate" });
  const rolling = withMissing(objectOr(strategy.rollingUpdate), { partition: 0 });
  const keeps = { whenDeleted: "Retain", whenScaled: "Retain" };
  return templateDefaults({
    ...withMissing(spec, { replicas: 1, podManagementPolicy: "OrderedReady", revisionHistoryLimit: 10 }),
    persistentVolumeClaimRetentionPolicy: withMissing(objectOr(spec.persistentVolumeClaimRetentionPolicy), keeps),
    updateStrategy: strategy.type === "RollingUpdate" ? { ...strategy, rollingUpdate: rolling } : strategy,
  });
}

function jobDefaults(spec: JsonObject): JsonObject {
  const { completions, parallelism } = spec;
  const isOnce = (completions ?? null) === null && (parallelism ?? null) === null;
  const counts = isOnce ? { completions: 1, parallelism: 1 } : { parallelism: 1 };
  const rest = {
    backoffLimit: 6,
    completionMode: "NonIndexed",
    suspend: false,
    podReplacementPolicy: "TerminatingOrFailed",
  };
  return templateDefaults(withMissing(spec, { ...counts, ...rest }));
}

/** A job's pods are known by its own UID, unless it says otherwise; one without labels has those of its pods. */
function prepareJob(object: JsonObject, old: KubeObject | undefined): JsonObject {
  const metadata = objectOr(object.metadata);
  const spec = ownedJob(objectOr(object.spec), metadata);
  if (old !== undefined || metadata.labels !== undefined) return { ...object, spec };
  const { labels } = objectOr(objectOr(spec.template).metadata);
  return { ...object, spec, metadata: { ...metadata, ...(labels !== undefined && { labels }) } };
}

function ownedJob(spec: JsonObject, { uid, name }: JsonObject): JsonObject {
  const filled = jobDefaults(withMissing(spec, { manualSelector: false }));
  if (spec.manualSelector === true) return filled;
  const marks = {
    ...{ "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name },
    ...{ "controller-uid": uid, "job-name": name },
  };
  const selector = { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
  return within(withMissing(filled, { selector }), "template", (template) => {
    const metadata = objectOr(template.metadata);
    return { ...template, metadata: { ...metadata, labels: { ...objectOr(metadata.labels), ...marks } } };
  });
}

function cronJobDefaults(spec: JsonObject): JsonObject {
  const limits = { successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 };
  return withMissing(
    within(spec, "jobTemplate", (job) => ({ ...job, spec: templateDefaults(objectOr(job.spec)) })),
    { concurrencyPolicy: "Allow", suspend: false, ...limits },
  );
}

const scaled = { hasScale: true } as const;

export const workloads: readonly Resource[] = [
  workload("apps", "Deployment", "deployments", deploymentDefaults, { shortNames: ["deploy"], ...scaled }),
  workload("apps", "DaemonSet", "daemonsets", daemonSetDefaults, { shortNames: ["ds"], prepare: prepareDaemonSet }),
  workload("apps", "ReplicaSet", "replicasets", (spec) => templateDefaults(withMissing(spec, { replicas: 1 })), {
    shortNames: ["rs"],
    ...scaled,
  }),
  workload("apps", "StatefulSet", "statefulsets", statefulSetDefaults, {
    shortNames: ["sts"],
    nameForm: "label",
    ...scaled,
  }),
  workload("batch", "Job", "jobs", jobDefaults, {
    prepare: prepareJob,
    selectableFields: { "status.successful": successes },
  }),
  workload("batch", "CronJob", "cronjobs", cronJobDefaults, { shortNames: ["cj"] }),
];

function successes({ status }: JsonObject): number {
  return Number(objectOr(status).succeeded ?? 0);
}
