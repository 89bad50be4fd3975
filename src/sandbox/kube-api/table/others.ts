import { isList, type Json, type JsonObject, objectOr, textOr } from "../json.ts";
import { jobDuration, nameOf } from "./core.ts";
import { ageOf, formatSelector, numberOr, objectsIn, since } from "./format.ts";

// The cells of the rows of workloads, roles and policies, in the order of their columns.

type Cells = (object: JsonObject, now: number) => readonly Json[];

/** Names, images and selector of what makes pods, which `-o wide` shows. */
function made({ template, selector }: JsonObject): readonly string[] {
  const containers = objectsIn(objectOr(objectOr(template).spec).containers);
  return [
    ...[containers.map(({ name }) => name).join(","), containers.map(({ image }) => image).join(",")],
    formatSelector(selector),
  ];
}

export const deploymentCells: Cells = (object, now) => {
  const [spec, status] = [objectOr(object.spec), objectOr(object.status)];
  const { readyReplicas, updatedReplicas, availableReplicas } = status;
  const ready = `${numberOr(readyReplicas)}/${numberOr(spec.replicas)}`;
  return [
    nameOf(object),
    ready,
    numberOr(updatedReplicas),
    numberOr(availableReplicas),
    ageOf(object, now),
    ...made(spec),
  ];
};

export const daemonSetCells: Cells = (object, now) => {
  const [spec, status] = [objectOr(object.spec), objectOr(object.status)];
  const counts = [
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
  ];
  const { nodeSelector } = objectOr(objectOr(spec.template).spec);
  const place = formatSelector({ matchLabels: objectOr(nodeSelector) });
  return [nameOf(object), ...counts.map((name) => numberOr(status[name])), place, ageOf(object, now), ...made(spec)];
};

export const replicaSetCells: Cells = (object, now) => {
  const [spec, status] = [objectOr(object.spec), objectOr(object.status)];
  const counts = [spec.replicas, status.replicas, status.readyReplicas].map(numberOr);
  return [nameOf(object), ...counts, ageOf(object, now), ...made(spec)];
};

export const statefulSetCells: Cells = (object, now) => {
  const [spec, status] = [objectOr(object.spec), objectOr(object.status)];
  const ready = `${numberOr(status.readyReplicas)}/${numberOr(spec.replicas)}`;
  return [nameOf(object), ready, ageOf(object, now), ...made(spec).slice(0, 2)];
};

export const jobCells: Cells = (object, now) => {
  const [spec, status] = [objectOr(object.spec), objectOr(object.status)];
  const { completions, parallelism } = spec;
  const parallel = numberOr(parallelism);
  const wanted = completions ?? (parallel > 1 ? `1 of ${parallel}` : 1);
  const done = `${numberOr(status.succeeded)}/${wanted}`;
  return [nameOf(object), jobState(object), done, jobDuration(status, now), ageOf(object, now), ...made(spec)];
};

function jobState({ status, metadata }: JsonObject): string {
  const holds = new Set(
    objectsIn(objectOr(status).conditions).flatMap((each) => (each.status === "True" ? [each.type] : [])),
  );
  if (holds.has("Complete")) return "Complete";
  if (holds.has("Failed")) return "Failed";
  if (objectOr(metadata).deletionTimestamp !== undefined) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find((name) => holds.has(name)) ?? "Running";
}

export const cronJobCells: Cells = (object, now) => {
  const [spec, status] = [objectOr(object.spec), objectOr(object.status)];
  const last = status.lastScheduleTime ? since(status.lastScheduleTime, now) : "<none>";
  const suspended = spec.suspend === true ? "True" : "False";
  const job = objectOr(objectOr(spec.jobTemplate).spec);
  return [
    ...[nameOf(object), textOr(spec.schedule), textOr(spec.timeZone) || "<none>", suspended],
    ...[objectsIn(status.active).length, last, ageOf(object, now), ...made(job)],
  ];
};

export const revisionCells: Cells = (object, now) => {
  const owner = objectsIn(objectOr(object.metadata).ownerReferences).find(({ controller }) => controller === true);
  const [group = ""] = textOr(owner?.apiVersion).includes("/") ? textOr(owner?.apiVersion).split("/") : [];
  const kind = group === "" ? owner?.kind : `${owner?.kind}.${group}`;
  const controller = owner === undefined ? "<none>" : `${String(kind).toLowerCase()}/${owner.name}`;
  return [nameOf(object), controller, String(numberOr(object.revision)), ageOf(object, now)];
};

export const budgetCells: Cells = (object, now) => {
  const { minAvailable, maxUnavailable } = objectOr(object.spec);
  const limits = [minAvailable, maxUnavailable].map((value) => String(value ?? "N/A"));
  return [nameOf(object), ...limits, numberOr(objectOr(object.status).disruptionsAllowed), ageOf(object, now)];
};

export const bindingCells: Cells = (object, now) => {
  const { kind, name } = objectOr(object.roleRef);
  const subjects = objectsIn(object.subjects);
  const of = (wanted: string) => subjects.filter((each) => each.kind === wanted);
  return [
    ...[nameOf(object), `${kind}/${name}`, ageOf(object, now)],
    of("User")
      .map((each) => each.name)
      .join(", "),
    of("Group")
      .map((each) => each.name)
      .join(", "),
    of("ServiceAccount")
      .map((each) => `${each.namespace ?? ""}/${each.name}`)
      .join(", "),
  ];
};

export const priorityCells: Cells = (object, now) => [
  ...[nameOf(object), numberOr(object.value), object.globalDefault === true, ageOf(object, now)],
  textOr(object.preemptionPolicy),
];

export const policyCells: Cells = (object, now) => {
  const { validations, paramKind } = objectOr(object.spec);
  const { apiVersion, kind } = objectOr(paramKind);
  const params = kind === undefined ? "<unset>" : `${apiVersion}/${kind}`;
  return [nameOf(object), isList(validations) ? validations.length : 0, params, ageOf(object, now)];
};

export const policyBindingCells: Cells = (object, now) => {
  const { policyName, paramRef } = objectOr(object.spec);
  const { namespace, name } = objectOr(paramRef);
  const params = name ? `${namespace || "*"}/${name}` : "<unset>";
  return [nameOf(object), textOr(policyName), params, ageOf(object, now)];
};
