import type { Node, NodeSelectorRequirement, PodSpec, Taint, Toleration } from "kubernetes-types/core/v1.d.ts";

/** Why a pod does not go to a node, as the scheduler says it; undefined when it may. */
export function refusalOf(spec: PodSpec, node: Node): string | undefined {
  if (!isSelected(spec, node)) return "didn't match Pod's node affinity/selector";
  if (node.spec?.unschedulable && !toleratesAll(spec, [UNSCHEDULABLE])) return "were unschedulable";
  const taint = repelling(node).find((each) => !toleratesAll(spec, [each]));
  return taint && `had untolerated taint {${taint.key}${taint.value ? `: ${taint.value}` : ""}}`;
}

const UNSCHEDULABLE: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Whether the node has the labels and the name that a pod asks for; where something is only preferred, it may. */
export function isSelected({ nodeSelector, affinity }: PodSpec, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  if (!Object.entries(nodeSelector ?? {}).every(([name, value]) => labels[name] === value)) return false;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms === undefined) return true;
  const fields = { "metadata.name": node.metadata?.name ?? "" };
  return terms.some(
    ({ matchExpressions = [], matchFields = [] }) =>
      matchExpressions.length + matchFields.length > 0 &&
      matchExpressions.every((each) => holds(each, labels)) &&
      matchFields.every((each) => holds(each, fields)),
  );
}

function holds(
  { key, operator, values = [] }: NodeSelectorRequirement,
  has: Readonly<Record<string, string>>,
): boolean {
  const value = has[key];
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  if (operator === "NotIn") return value === undefined || !values.includes(value);
  if (value === undefined) return false;
  if (operator === "Gt") return Number(value) > Number(values[0]);
  if (operator === "Lt") return Number(value) < Number(values[0]);
  return values.includes(value);
}

/** The taints that keep pods away. */
export function repelling(node: Node, ...effects: readonly string[]): readonly Taint[] {
  const wanted = effects.length > 0 ? effects : ["NoSchedule", "NoExecute"];
  return (node.spec?.taints ?? []).filter(({ effect }) => wanted.includes(effect));
}

export function toleratesAll({ tolerations = [] }: PodSpec, taints: readonly Taint[]): boolean {
  return taints.every((taint) => tolerations.some((each) => tolerates(each, taint)));
}

function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  if (operator === "Exists") return true;
  return key !== undefined && (value ?? "") === (taint.value ?? "");
}
