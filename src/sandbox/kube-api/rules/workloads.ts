import { isEqual, isObject, type JsonObject, type KubeObject, objectOr } from "../json.ts";
import { belowZero, type FieldError, notAllowed, oneOf, required, wrong } from "../status.ts";
import { mismatchErrors, selectorErrors } from "./selectors.ts";
import { fixedStatefulSetErrors, statefulSetFirst, withClaims } from "./stateful.ts";
import { daemonSetStrategyErrors, deploymentStrategyErrors } from "./strategies.ts";
import { templateErrors } from "./templates.ts";

/** What rules of what makes pods from a template have of their own. */
type Differences = {
  /** How the message of an empty selector calls it. */
  readonly kind: string;
  /** What the message of a deadline says that has none. */
  readonly endless: string;
  /** With an unreadable selector nothing is said of the template. */
  readonly needsReadable?: true;
  readonly first?: (spec: JsonObject, old: KubeObject | undefined) => readonly FieldError[];
  readonly last?: (spec: JsonObject, old: KubeObject | undefined) => readonly FieldError[];
  /** The template as it is looked at. */
  readonly templateOf?: (spec: JsonObject) => JsonObject;
};

const numbers =
  (...names: readonly string[]) =>
  (spec: JsonObject) =>
    names.flatMap((name) => belowZero(`spec.${name}`, spec[name]));

const needsSelector = ({ selector }: JsonObject) => (isObject(selector) ? [] : [required("spec.selector")]);

export const deploymentErrors = workloadErrors({
  ...{ kind: "deployment", endless: "ReplicaSet" },
  needsReadable: true,
  first: (spec) => [...numbers("replicas")(spec), ...needsSelector(spec)],
  last: (spec, old) => [...deploymentStrategyErrors(spec), ...fixedSelectorErrors(spec, old)],
});

export const replicaSetErrors = workloadErrors({
  ...{ kind: "deployment", endless: "ReplicaSet" },
  needsReadable: true,
  first: (spec) => [...numbers("replicas", "minReadySeconds")(spec), ...needsSelector(spec)],
  last: fixedSelectorErrors,
});

export const daemonSetErrors = workloadErrors({
  ...{ kind: "daemonset", endless: "DaemonSet" },
  last: (spec, old) => [
    ...numbers("minReadySeconds")(spec),
    ...daemonSetStrategyErrors(spec),
    ...numbers("revisionHistoryLimit")(spec),
    ...fixedSelectorErrors(spec, old),
  ],
});

export const statefulSetErrors = workloadErrors({
  ...{ kind: "statefulset", endless: "StatefulSet", templateOf: withClaims },
  first: (spec, old) => [
    ...statefulSetFirst(spec, old),
    ...numbers("replicas", "minReadySeconds")(spec),
    ...needsSelector(spec),
  ],
  last: fixedStatefulSetErrors,
});

function fixedSelectorErrors({ selector }: JsonObject, old: KubeObject | undefined): FieldError[] {
  const isSame = old === undefined || isEqual(selector ?? null, objectOr(old.spec).selector ?? null);
  return isSame ? [] : [wrong("spec.selector", selector ?? null, "field is immutable")];
}

function workloadErrors({ kind, endless, needsReadable, first, last, templateOf }: Differences) {
  return (object: JsonObject, old: KubeObject | undefined): readonly FieldError[] => {
    const spec = objectOr(object.spec);
    const template = templateOf?.(spec) ?? objectOr(spec.template);
    const { selector } = spec;
    const ill = selectorErrors(selector, kind);
    const isKnown = ill.every(({ field }) => field === "spec.selector"); // it can be held against labels
    return [
      ...(first?.(spec, old) ?? []),
      ...ill,
      ...(isKnown ? mismatchErrors(selector, objectOr(template.metadata).labels) : []),
      ...(isKnown || needsReadable !== true
        ? endlessErrors(template, endless)
        : [wrong("spec.selector", selector, "invalid label selector")]),
      ...(last?.(spec, old) ?? []),
    ];
  };
}

/** What is wrong with a template whose pods do not come to an end. */
function endlessErrors(template: JsonObject, kind: string): FieldError[] {
  const { restartPolicy = "Always", activeDeadlineSeconds } = objectOr(template.spec);
  const isEnding = (activeDeadlineSeconds ?? null) !== null;
  return [
    ...templateErrors(template, "spec.template"),
    ...oneOf("spec.template.spec.restartPolicy", restartPolicy, ["Always"]),
    ...(isEnding ? [notAllowed(DEADLINE, `activeDeadlineSeconds in ${kind} is not Supported`)] : []),
  ];
}

const DEADLINE = "spec.template.spec.activeDeadlineSeconds";
