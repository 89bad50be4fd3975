import { isList, isObject, type Json } from "../json.ts";
import type { FieldError } from "../status.ts";
import type { Schema } from "./schema.ts";

type Check = (value: Json, schema: Schema, path: string) => FieldError[];

/** Where a value breaks `anyOf`, `oneOf`, `allOf` or `not`; `check` holds it to one of their schemas. */
export function combinedErrors(value: Json, schema: Schema, path: string, check: Check): FieldError[] {
  const tried = (name: string) => listOf(schema[name]).map((each) => check(value, each, path));
  const any = tried("anyOf");
  const one = tried("oneOf");
  const all = tried("allOf");
  const fitting = one.filter((errors) => errors.length === 0).length;
  const text = JSON.stringify(path);
  return [
    ...(any.length > 0 && any.every((errors) => errors.length > 0)
      ? [refusal(`${text} must validate at least one schema (anyOf)`), ...(any[0] ?? [])]
      : []),
    ...(one.length > 0 && fitting !== 1
      ? [
          refusal(`${text} must validate one and only one schema (oneOf). ${found(fitting)}`),
          ...(fitting === 0 ? (one[0] ?? []) : []),
        ]
      : []),
    ...(all.some((errors) => errors.length > 0)
      ? [...all.flat(), refusal(`${text} must validate all the schemas (allOf)`)]
      : []),
    ...(isObject(schema.not) && check(value, schema.not, path).length === 0
      ? [refusal(`${text} must not validate the schema (not)`)]
      : []),
  ];
}

function found(count: number): string {
  return count === 0 ? "Found none valid" : `Found ${count} valid alternatives`;
}

function refusal(message: string): FieldError {
  return { field: "<nil>", reason: "FieldValueInvalid", message: `Invalid value: "": ${message}` };
}

function listOf(schemas: Json | undefined): readonly Schema[] {
  return isList(schemas) ? schemas.filter(isObject) : [];
}
