import { isEqual, type Json, type JsonObject, type KubeObject, objectOr } from "../json.ts";
import { belowZero, type FieldError, oneOf, required, wrong } from "../status.ts";
import { templateErrors } from "./templates.ts";

const ENDING = ["OnFailure", "Never"];
const COUNTS = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];
const MODES = ["NonIndexed", "Indexed"];
const FIXED = ["selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "successPolicy"];

/** Rules of jobs, whose pods come to an end and never change. */
export function jobErrors(job: JsonObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = objectOr(job.spec);
  const before = objectOr(old?.spec);
  const isNumbered = spec.completionMode === "Indexed";
  const fixed = old === undefined ? [] : [...(isNumbered ? [] : ["completions"]), ...FIXED];
  const changed = fixed.filter((name) => !isEqual(fixedPart(spec, name, old), fixedPart(before, name, old)));
  return [
    ...jobTemplateErrors(spec, "spec"),
    ...changed.map((name) => wrong(`spec.${name}`, spec[name] ?? null, "field is immutable")),
  ];
}

/** Rules of what a job is to do, also one that is made later. */
export function jobTemplateErrors(spec: JsonObject, path: string): FieldError[] {
  const mode = spec.completionMode ?? "NonIndexed";
  const template = objectOr(spec.template);
  const { restartPolicy = "Always" } = objectOr(template.spec);
  const policy = `${path}.template.spec.restartPolicy`;
  return [
    ...COUNTS.flatMap((name) => belowZero(`${path}.${name}`, spec[name])),
    ...oneOf(`${path}.completionMode`, mode, MODES),
    ...(mode === "Indexed" && (spec.completions ?? null) === null
      ? [required(`${path}.completions`, "when completion mode is Indexed")]
      : []),
    ...templateErrors(template, `${path}.template`),
    ...(restartPolicy === "Always"
      ? [required(policy, `valid values: ${ENDING.map((each) => JSON.stringify(each)).join(", ")}`)]
      : oneOf(policy, restartPolicy, ENDING)),
  ];
}

/** What of a field may not change: where the pods go may, as long as a job is held up that made none yet. */
function fixedPart(spec: JsonObject, name: string, old: KubeObject | undefined): Json {
  const value = spec[name] ?? null;
  const isOpen = objectOr(old?.spec).suspend === true && objectOr(old?.status).startTime === undefined;
  if (name !== "template" || !isOpen) return value;
  const { labels: _labels, annotations: _annotations, ...metadata } = objectOr(objectOr(value).metadata);
  const { nodeSelector: _node, tolerations: _tolerations, affinity, ...podSpec } = objectOr(objectOr(value).spec);
  const { nodeAffinity: _nodes, ...others } = objectOr(affinity);
  return { ...objectOr(value), metadata, spec: { ...podSpec, affinity: others } };
}
