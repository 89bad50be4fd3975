import { isEqual, isList, isObject, type Json, type JsonObject, objectOr, textOr } from "../json.ts";
import { type FieldError, notAllowed, required, wrong } from "../status.ts";
import { unknownKeywords } from "./schema.ts";
import { structureErrors } from "./structure.ts";

const NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const NAME_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/** What is wrong with the versions of a CustomResourceDefinition; `stored` are those of its status. */
export function versionErrors(versions: readonly JsonObject[], stored: Json | undefined): FieldError[] {
  const names = versions.map(({ name }) => textOr(name));
  const kept = versions.filter(({ storage }) => storage === true);
  const lists = isList(stored) ? stored : [];
  const list = versions.map(shownVersion);
  const unknown = kept.map(({ name }) => textOr(name)).filter((name) => !lists.includes(name));
  return [
    ...(new Set(names).size === names.length
      ? []
      : [wrong("spec.versions", list, "must contain unique version names")]),
    ...names.flatMap((name, i) => (NAME.test(name) ? [] : [wrong(`spec.versions[${i}].name`, name, NAME_RULE)])),
    ...schemaErrorsOf(versions),
    ...(kept.length === 1
      ? []
      : [wrong("spec.versions", list, "must have exactly one version marked as storage version")]),
    ...(names[0] === undefined || NAME.test(names[0]) ? [] : [wrong("spec.version", names[0], NAME_RULE)]),
    ...(lists.length > 0 ? [] : [wrong("status.storedVersions", null, "must have at least one stored version")]),
    ...(lists.length === 0
      ? []
      : unknown.map((name) => wrong("status.storedVersions", lists, `must have the storage version ${name}`))),
  ];
}

/** As Go prints it; a schema that all versions share stands elsewhere. */
function shownVersion({ name, served, storage, deprecated, deprecationWarning }: JsonObject): JsonObject {
  return {
    ...{ Name: name, Served: served === true, Storage: storage === true, Deprecated: deprecated === true },
    ...{ DeprecationWarning: deprecationWarning ?? null, Schema: null, Subresources: null },
    ...{ AdditionalPrinterColumns: null, SelectableFields: null },
  };
}

function schemaErrorsOf(versions: readonly JsonObject[]): FieldError[] {
  const schemas = versions.map(({ schema }) => objectOr(schema).openAPIV3Schema);
  const isShared = schemas.every((schema) => isEqual(schema, schemas[0]));
  return schemas.flatMap((schema, i) => {
    const own = `spec.versions[${i}].schema.openAPIV3Schema`;
    if (!isObject(schema)) return [required(own)];
    if (isShared && i > 0) return [];
    const path = isShared ? "spec.validation.openAPIV3Schema" : own;
    const unknown = unknownKeywords(schema, path);
    if (unknown.length > 0) return unknown.map((each) => notAllowed(each, "this API server does not know the keyword"));
    return structureErrors(schema, path);
  });
}
