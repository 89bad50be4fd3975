import { isEqual, isList, type Json, type JsonObject, type KubeObject, objectOr, textOr, without } from "../json.ts";
import { type FieldError, notAllowed, wrong } from "../status.ts";
import { labelErrors } from "./names.ts";

const CHANGEABLE = [
  ...["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit"],
  ...["persistentVolumeClaimRetentionPolicy", "minReadySeconds"],
];
const FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/** Rules that only StatefulSets have. */
export function statefulSetFirst(spec: JsonObject, old: KubeObject | undefined): FieldError[] {
  const policy = textOr(spec.podManagementPolicy);
  const service = textOr(spec.serviceName);
  const { type, rollingUpdate } = objectOr(spec.updateStrategy);
  const shown = { Type: type, RollingUpdate: rollingUpdate ?? null };
  return [
    ...(["OrderedReady", "Parallel"].includes(policy)
      ? []
      : [wrong("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")]),
    ...(type === "RollingUpdate" || type === "OnDelete"
      ? []
      : [wrong("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'")]),
    ...(old === undefined && service !== "" ? labelErrors("spec.serviceName", service) : []),
  ];
}

/** Most of a StatefulSet stays as it was made. */
export function fixedStatefulSetErrors(spec: JsonObject, old: KubeObject | undefined): FieldError[] {
  const fixed = (of: JsonObject) => without(of, ...CHANGEABLE);
  return old === undefined || isEqual(fixed(spec), fixed(objectOr(old.spec))) ? [] : [notAllowed("spec", FIXED)];
}

/** The template with the volumes that claims will be. */
export function withClaims({ template, volumeClaimTemplates }: JsonObject): JsonObject {
  const podSpec = objectOr(objectOr(template).spec);
  if (!isList(volumeClaimTemplates)) return objectOr(template);
  const names = volumeClaimTemplates.map((claim) => textOr(objectOr(objectOr(claim).metadata).name));
  const isOther = (volume: Json) => !names.includes(textOr(objectOr(volume).name));
  const others = isList(podSpec.volumes) ? podSpec.volumes.filter(isOther) : [];
  const claimed = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...objectOr(template), spec: { ...podSpec, volumes: [...claimed, ...others] } };
}
