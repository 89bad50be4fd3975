import type { JsonObject } from "../json.ts";
import type { Resource } from "../resource.ts";
import { undeclared } from "../schema/schema.ts";
import { type FieldError, invalid, type StatusError } from "../status.ts";
import { unreadable } from "./decode.ts";
import { unknownFields } from "./fields.ts";
import { fieldsOf, typeOfKind } from "./kube-types.ts";

/** What is done about fields that a type does not have, or that are there twice. */
export type Strictness = "Ignore" | "Warn" | "Strict";

const WORDS = ["", "Ignore", "Strict", "Warn"] as const;

/** Reads `fieldValidation`; `options` names the kind of the options that hold it. @throws StatusError */
export function readStrictness(query: URLSearchParams, options: string): Strictness {
  const word = query.get("fieldValidation") ?? "";
  if (word === "Ignore" || word === "Strict") return word;
  if (word === "Warn" || word === "") return "Warn";
  const list = WORDS.map((each) => JSON.stringify(each)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(word)}: supported values: ${list}`;
  const error: FieldError = { field: "fieldValidation", reason: "FieldValueNotSupported", message };
  throw invalid({ group: "meta.k8s.io", kind: options, plural: "" }, "", [error]);
}

/**
 * Checks that every field of an object is one of its type, and has its type. The result are warnings.
 * @throws StatusError 400, or what `refuse` makes of the reason
 */
export function checkFields(
  resource: Resource,
  object: JsonObject,
  { strictness, twice = [], refuse }: FieldChecks,
): readonly string[] {
  const say = refuse ?? ((why: string) => unreadable(resource, object, why));
  const unknown = tried(() => unknownIn(resource, object), say);
  if (strictness === "Ignore") return [];
  const troubles = [
    ...twice.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (strictness === "Warn" || troubles.length === 0) return troubles;
  throw say(`strict decoding error: ${troubles.join(", ")}`);
}

export type FieldChecks = {
  readonly strictness: Strictness;
  /** Names that the text of the object had twice. */
  readonly twice?: readonly string[] | undefined;
  /** Another refusal than 400. */
  readonly refuse?: (why: string) => StatusError;
};

function unknownIn(resource: Resource, object: JsonObject): readonly string[] {
  if (resource.schema !== undefined) return undeclared(object, resource.schema, "", true);
  const type = typeOfKind(resource.group, resource.kind);
  return fieldsOf(type) === undefined ? [] : unknownFields(object, type);
}

function tried<T>(work: () => T, say: (why: string) => StatusError): T {
  try {
    return work();
  } catch (reason) {
    throw say(reason instanceof Error ? reason.message : String(reason));
  }
}

/** The refusal of a patch whose result cannot be read. */
export function unreadablePatch(result: JsonObject, why: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(result))}: ${why}`;
  return invalid({ group: "", kind: "", plural: "" }, "", [{ field: "patch", reason: "FieldValueInvalid", message }]);
}
