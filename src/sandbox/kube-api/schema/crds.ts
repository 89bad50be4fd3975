import { isList, isObject, type Json, type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import { builtIn, type Resource } from "../resource.ts";
import { type FieldError, oneOf, required, wrong } from "../status.ts";
import { objectsIn } from "../table/format.ts";
import { versionErrors } from "./crd-versions.ts";

/** CustomResourceDefinitions: each one makes a resource appear as soon as it is stored. */
export const crds = builtIn("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", {
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  isNamespaced: false,
  hasStatus: true,
  hasGeneration: true,
  updatesBlindly: false,
  returnsDeleted: true,
  prepare: prepareCrd,
  validate: crdErrors,
});

function namesOf(object: JsonObject): JsonObject {
  const names = objectOr(objectOr(object.spec).names);
  const kind = textOr(names.kind);
  return { ...names, singular: names.singular ?? kind.toLowerCase(), listKind: names.listKind ?? `${kind}List` };
}

function versionsOf(object: JsonObject): readonly JsonObject[] {
  const { versions } = objectOr(object.spec);
  return isList(versions) ? versions.filter(isObject) : [];
}

function prepareCrd(object: JsonObject, old: KubeObject | undefined): JsonObject {
  const names = namesOf(object);
  const spec = { conversion: { strategy: "None" }, ...objectOr(object.spec), names };
  const since = objectOr(object.metadata).creationTimestamp;
  const condition = (type: string, reason: string, message: string, status = "True") => ({
    ...{ type, status, lastTransitionTime: since, reason, message },
  });
  const approval = approvalOf(object);
  const status = {
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
      ...(approval === undefined ? [] : [condition("KubernetesAPIApprovalPolicyConformant", ...approval)]),
    ],
    acceptedNames: names,
    storedVersions: storedVersions(object, old),
  };
  return { ...object, spec, status };
}

/** Every version that objects may be stored in: those of before, and the one of now. */
function storedVersions(object: JsonObject, old: KubeObject | undefined): readonly Json[] {
  const before = objectOr(old?.status).storedVersions;
  const now = versionsOf(object).find(({ storage }) => storage === true)?.name;
  return [...new Set([...(isList(before) ? before : []), ...(now === undefined ? [] : [now])])];
}

function crdErrors(object: JsonObject, old: KubeObject | undefined): FieldError[] {
  const { group, scope } = objectOr(object.spec);
  const { plural, kind } = namesOf(object);
  const { name } = objectOr(object.metadata);
  const missing = Object.entries({ "spec.group": group, "spec.names.plural": plural, "spec.names.kind": kind });
  return [
    ...missing.filter(([, value]) => textOr(value) === "").map(([field]) => required(field)),
    ...(name === `${plural}.${group}`
      ? []
      : [wrong("metadata.name", name, `must be spec.names.plural+"."+spec.group`)]),
    ...(textOr(scope) === "" ? [required("spec.scope")] : oneOf("spec.scope", scope, ["Cluster", "Namespaced"])),
    ...(old !== undefined && objectOr(old.spec).scope !== scope
      ? [wrong("spec.scope", scope, "field is immutable")]
      : []),
    ...approvalErrors(object),
    ...versionErrors(versionsOf(object), objectOr(object.status).storedVersions),
  ];
}

/** What the status says of a group of the Kubernetes project. */
function approvalOf(object: JsonObject): readonly [reason: string, message: string, status: string] | undefined {
  if (!PROTECTED.test(textOr(objectOr(object.spec).group))) return undefined;
  const said = textOr(objectOr(objectOr(object.metadata).annotations)[APPROVED]);
  if (!said.startsWith("unapproved")) return ["ApprovedAnnotation", `approved in ${said}`, "True"];
  return ["UnapprovedAnnotation", `not approved: ${JSON.stringify(said)}`, "False"];
}

const PROTECTED = /(^|\.)(k8s|kubernetes)\.io$/;
const APPROVED = "api-approved.kubernetes.io";

/** Groups of the Kubernetes project need the word of its reviewers, or that there is none. */
function approvalErrors(object: JsonObject): FieldError[] {
  const { group } = objectOr(object.spec);
  const annotations = objectOr(objectOr(object.metadata).annotations);
  if (!PROTECTED.test(textOr(group)) || annotations[APPROVED]) return [];
  const message =
    'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111';
  return [required("metadata.annotations[api-approved.kubernetes.io]", message)];
}

const resources = new WeakMap<KubeObject, readonly Resource[]>();

/** The resources that a CustomResourceDefinition makes, one a version that it serves. */
export function resourcesOf(crd: KubeObject): readonly Resource[] {
  let made = resources.get(crd);
  if (made === undefined) {
    const served = versionsOf(crd).filter((version) => version.served === true);
    made = served.map((version) => resourceOf(crd, version));
    resources.set(crd, made);
  }
  return made;
}

function resourceOf(crd: KubeObject, version: JsonObject): Resource {
  const { group, scope } = objectOr(crd.spec);
  const names = namesOf(crd);
  const stored = versionsOf(crd).find(({ storage }) => storage === true) ?? version;
  return builtIn(textOr(group), textOr(names.kind), textOr(names.plural), {
    version: textOr(version.name),
    singular: textOr(names.singular),
    listKind: textOr(names.listKind),
    shortNames: isList(names.shortNames) ? names.shortNames.map(String) : [],
    isNamespaced: scope === "Namespaced",
    isCustom: true,
    categories: isList(names.categories) ? names.categories.map(String) : [],
    printerColumns: objectsIn(version.additionalPrinterColumns),
    schema: schemaOf(version),
    ...(stored !== version && { storageSchema: schemaOf(stored) }),
    hasStatus: isObject(objectOr(version.subresources).status),
    hasGeneration: true,
    updatesBlindly: false,
  });
}

function schemaOf({ schema }: JsonObject): JsonObject {
  return objectOr(objectOr(schema).openAPIV3Schema);
}

/** `<plural>.<group>`: the name of the CustomResourceDefinition of a resource. */
export function crdName({ plural, group }: Pick<Resource, "plural" | "group">): string {
  return `${plural}.${group}`;
}
