import { isList, isObject, type JsonObject, type KubeObject, objectOr, textOr } from "./json.ts";
import { builtIn, type Resource } from "./resource.ts";
import { unknownKeywords } from "./schema.ts";
import { type FieldError, notAllowed, required, wrong } from "./status.ts";
import { objectsIn } from "./table-format.ts";

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

function prepareCrd(object: JsonObject): JsonObject {
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
    storedVersions: versionsOf(object).flatMap(({ storage, name }) => (storage === true && name ? [name] : [])),
  };
  return { ...object, spec, status };
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
    ...(scope === "Namespaced" || scope === "Cluster" ? [] : [required("spec.scope")]),
    ...(old !== undefined && objectOr(old.spec).scope !== scope
      ? [wrong("spec.scope", scope, "field is immutable")]
      : []),
    ...approvalErrors(object),
    ...versionErrors(versionsOf(object)),
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

function versionErrors(versions: readonly JsonObject[]): FieldError[] {
  const served = versions.filter((version) => version.served === true);
  const stored = versions.filter((version) => version.storage === true);
  return [
    ...(stored.length === 1
      ? []
      : [wrong("spec.versions", stored.length, "must have exactly one version marked as storage version")]),
    ...(served.length > 1
      ? [notAllowed("spec.versions", "this API server serves one version of a custom resource")]
      : []),
    ...versions.flatMap((version, i) => {
      const field = `spec.versions[${i}].schema.openAPIV3Schema`;
      const schema = objectOr(version.schema).openAPIV3Schema;
      if (!isObject(schema)) return [required(field, "schemas are required")];
      return unknownKeywords(schema, field).map((path) =>
        notAllowed(path, "this API server does not know the keyword"),
      );
    }),
  ];
}

const resources = new WeakMap<KubeObject, Resource>();

/** The resource that a CustomResourceDefinition makes; undefined when it serves no version. */
export function resourceOf(crd: KubeObject): Resource | undefined {
  const known = resources.get(crd);
  if (known !== undefined) return known;
  const version = versionsOf(crd).find(({ served }) => served === true);
  if (version === undefined) return undefined;
  const { group, scope } = objectOr(crd.spec);
  const names = namesOf(crd);
  const resource = builtIn(textOr(group), textOr(names.kind), textOr(names.plural), {
    version: textOr(version.name),
    singular: textOr(names.singular),
    listKind: textOr(names.listKind),
    shortNames: isList(names.shortNames) ? names.shortNames.map(String) : [],
    isNamespaced: scope === "Namespaced",
    isCustom: true,
    categories: isList(names.categories) ? names.categories.map(String) : [],
    printerColumns: objectsIn(version.additionalPrinterColumns),
    schema: objectOr(objectOr(version.schema).openAPIV3Schema),
    hasStatus: isObject(objectOr(version.subresources).status),
    hasGeneration: true,
    updatesBlindly: false,
  });
  resources.set(crd, resource);
  return resource;
}

/** `<plural>.<group>`: the name of the CustomResourceDefinition of a resource. */
export function crdName({ plural, group }: Pick<Resource, "plural" | "group">): string {
  return `${plural}.${group}`;
}
