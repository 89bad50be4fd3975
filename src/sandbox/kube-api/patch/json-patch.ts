import { isEqual, isList, isObject, type Json, type JsonObject, without } from "../json.ts";

/** An operation cannot be applied; the API server says no more than that. */
export class PatchFailed extends Error {}

/** Applies a JSON Patch (RFC 6902); the document itself stays as it is. @throws PatchFailed */
export function jsonPatch(document: Json, operations: readonly Json[]): Json {
  return operations.reduce<Json>((current, operation) => {
    if (!isObject(operation)) throw new PatchFailed("an operation is an object");
    return applyOperation(current, operation);
  }, document);
}

function applyOperation(document: Json, operation: JsonObject): Json {
  const path = pointer(operation.path);
  switch (operation.op) {
    case "add":
      return setAt(document, path, operand(operation), "insert");
    case "replace":
      return setAt(document, path, operand(operation), "replace");
    case "remove":
      return removeAt(document, path);
    case "copy":
      return setAt(document, path, getAt(document, pointer(operation.from)), "insert");
    case "move": {
      const from = pointer(operation.from);
      return setAt(removeAt(document, from), path, getAt(document, from), "insert");
    }
    case "test":
      if (isEqual(find(document, path), operand(operation))) return document;
      throw new PatchFailed(`testing value ${operation.path} failed`);
    default:
      throw new PatchFailed(`unknown operation ${JSON.stringify(operation.op)}`);
  }
}

function operand({ value }: JsonObject): Json {
  return value ?? null;
}

function pointer(text: Json | undefined): readonly string[] {
  if (typeof text !== "string" || (text !== "" && !text.startsWith("/"))) {
    throw new PatchFailed(`${JSON.stringify(text)} is no JSON pointer`);
  }
  return text
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function find(document: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((at, name) => {
    if (isList(at)) return at[index(name, at.length - 1)];
    return isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }, document);
}

function getAt(document: Json, path: readonly string[]): Json {
  const value = find(document, path);
  if (value === undefined) throw new PatchFailed(`there is no value at /${path.join("/")}`);
  return value;
}

/** Changes the object or list that holds the last part of the path, copying what leads to it. */
function changeAt(
  document: Json | undefined,
  path: readonly string[],
  change: (holder: JsonObject | readonly Json[], name: string) => Json,
): Json {
  const [name, ...rest] = path;
  if (name === undefined || !(isList(document) || isObject(document))) throw new PatchFailed("the path does not exist");
  if (rest.length === 0) return change(document, name);
  if (isList(document)) {
    const at = index(name, document.length - 1);
    return document.with(at, changeAt(document[at], rest, change));
  }
  return { ...document, [name]: changeAt(Object.hasOwn(document, name) ? document[name] : undefined, rest, change) };
}

function setAt(document: Json, path: readonly string[], value: Json, how: "insert" | "replace"): Json {
  if (path.length === 0) return value;
  return changeAt(document, path, (holder, name) => {
    if (!isList(holder)) {
      if (how === "replace" && !Object.hasOwn(holder as JsonObject, name)) throw new PatchFailed(`no ${name}`);
      return { ...(holder as JsonObject), [name]: value };
    }
    if (how === "replace") return holder.with(index(name, holder.length - 1), value);
    return holder.toSpliced(name === "-" ? holder.length : index(name, holder.length), 0, value);
  });
}

function removeAt(document: Json, path: readonly string[]): Json {
  return changeAt(document, path, (holder, name) => {
    if (isList(holder)) return holder.toSpliced(index(name, holder.length - 1), 1);
    if (!Object.hasOwn(holder as JsonObject, name)) throw new PatchFailed(`no ${name}`);
    return without(holder as JsonObject, name);
  });
}

function index(text: string, last: number): number {
  const at = /^(0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  if (!(at <= last)) throw new PatchFailed(`no item ${text}`);
  return at;
}
