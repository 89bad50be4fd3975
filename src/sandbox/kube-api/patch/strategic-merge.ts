import { isEqual, isList, isObject, type Json, type JsonObject, without } from "../json.ts";
import { badRequest, StatusError } from "../status.ts";
import { jsonFieldsOf } from "../types/kube-types.ts";

/** How a strategic merge patch treats a field: the type inside, and how a list of it merges. */
type Rule = { readonly type: string; readonly mergeKey: string | undefined };

const ORDER = "$setElementOrder/";
const DELETED = "$deleteFromPrimitiveList/";
const RETAINED = "$retainKeys";
const DIRECTIVE = "$patch";

/**
 * Applies a strategic merge patch to an object of a built-in type: as a merge patch, but lists merge by the keys that the table of types
 * gives, and directives in the patch replace, delete and sort. @throws StatusError when the patch cannot be applied
 */
export function strategicMerge(document: JsonObject, patch: JsonObject, type: string): JsonObject {
  return mergeObject(document, patch, type);
}

function rulesOf(type: string): ReadonlyMap<string, Rule> {
  const known = rules.get(type);
  if (known !== undefined) return known;
  const made = new Map(jsonFieldsOf(type).map((field) => [field.name, ruleOf(field.type, field.mergeKey)]));
  rules.set(type, made);
  return made;
}
const rules = new Map<string, ReadonlyMap<string, Rule>>();

function ruleOf(type: string, mergeKey: string | undefined): Rule {
  return { type: type.replace(/^\[\]/, ""), mergeKey };
}

/** A field that the table does not have, or one inside a map, merges as JSON does. */
function ruleFor(type: string, name: string): Rule {
  if (type.startsWith("{}")) return ruleOf(type.slice(2), undefined);
  return rulesOf(type).get(name) ?? ruleOf("any", undefined);
}

function mergeObject(before: JsonObject, patch: JsonObject, type: string): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return cleaned(without(patch, DIRECTIVE), type);
  if (directive === "delete") return {};
  const merged: Record<string, Json | undefined> = { ...retained(before, patch) };
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(ORDER)) sortField(merged, before, patch, name.slice(ORDER.length), value, type);
    else if (name.startsWith(DELETED)) removeValues(merged, name.slice(DELETED.length), value);
    else if (name === RETAINED || name === DIRECTIVE || `${ORDER}${name}` in patch) continue;
    else if (value === null || value === undefined) delete merged[name];
    else merged[name] = mergeValue(merged[name], value, ruleFor(type, name));
  }
  return merged;
}

/** Where a patch says which fields stay, the others go. */
function retained(before: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAINED];
  if (keys === undefined) return before;
  if (!isList(keys)) throw badRequest("invalid patch format of retainKeys");
  return Object.fromEntries(Object.entries(before).filter(([name]) => keys.includes(name)));
}

function mergeValue(before: Json | undefined, patch: Json, rule: Rule): Json {
  if (isObject(patch)) return mergeObject(isObject(before) ? before : {}, patch, rule.type);
  if (!isList(patch) || rule.mergeKey === undefined) return patch;
  return mergeList(isList(before) ? before : [], patch, rule);
}

/** A value that replaces what was there: without directives. */
function cleaned(value: JsonObject, type: string): JsonObject {
  return mergeObject({}, value, type);
}

function mergeList(before: readonly Json[], patch: readonly Json[], rule: Rule): readonly Json[] {
  const { mergeKey = "", type } = rule;
  if (mergeKey === "") {
    const all = unique([...before, ...patch]);
    return inOrder(all, patch, before, mergeKey);
  }
  const items = patch.map((item) => keyed(item, mergeKey));
  if (items.some((item) => item[DIRECTIVE] === "replace")) return items.filter((item) => item[DIRECTIVE] === undefined);
  const gone = items.filter((item) => item[DIRECTIVE] === "delete");
  const changes = items.filter((item) => item[DIRECTIVE] !== "delete");
  const kept = before.filter((item) => !gone.some((each) => isSame(each, item, mergeKey)));
  const merged = kept.map((item) => {
    const change = changes.find((each) => isSame(each, item, mergeKey));
    return change === undefined || !isObject(item) ? item : mergeObject(item, change, type);
  });
  const added = changes.filter((change) => !kept.some((item) => isSame(change, item, mergeKey)));
  return inOrder([...merged, ...added.map((item) => cleaned(item, type))], changes, before, mergeKey);
}

function keyed(item: Json, mergeKey: string): JsonObject {
  if (isObject(item) && (item[mergeKey] !== undefined || item[DIRECTIVE] === "replace")) return item;
  const message = `map: ${goText(item)} does not contain declared merge key: ${mergeKey}`;
  throw new StatusError(500, "", message);
}

function isSame(a: Json | undefined, b: Json | undefined, mergeKey: string): boolean {
  if (mergeKey === "") return isEqual(a, b);
  return isObject(a) && isObject(b) && isEqual(a[mergeKey], b[mergeKey]);
}

function unique(items: readonly Json[]): readonly Json[] {
  return items.filter((item, i) => items.findIndex((other) => isEqual(other, item)) === i);
}

/** `$setElementOrder/<name>`: the list after the patch, in the order that the client knows. */
function sortField(
  merged: Record<string, Json | undefined>,
  before: JsonObject,
  patch: JsonObject,
  name: string,
  order: Json | undefined,
  type: string,
): void {
  const rule = ruleFor(type, name);
  const [had, change] = [merged[name], patch[name]];
  if (!isList(order)) throw badRequest("invalid patch format of setElementOrder list");
  if (change === null) {
    delete merged[name];
    return;
  }
  if (!isList(had) && !isList(change)) return;
  const list = isList(change) ? mergeList(isList(had) ? had : [], change, rule) : (had as readonly Json[]);
  const first = before[name];
  merged[name] = inOrder(list, order, isList(first) ? first : [], rule.mergeKey ?? "");
}

function removeValues(merged: Record<string, Json | undefined>, name: string, values: Json | undefined): void {
  const list = merged[name];
  if (!isList(values)) throw badRequest("invalid patch format of primitive list");
  if (isList(list)) merged[name] = list.filter((item) => !values.some((value) => isEqual(value, item)));
}

/**
 * What the patch names comes in the patch's order, the rest in the server's. Of two that the server had both the one that came first
 * there does so here; what is new comes before what the patch does not name.
 */
function inOrder(
  all: readonly Json[],
  patch: readonly Json[],
  server: readonly Json[],
  mergeKey: string,
): readonly Json[] {
  const placeIn = (list: readonly Json[], item: Json | undefined) =>
    list.findIndex((each) => isSame(each, item, mergeKey));
  const byPlaceIn = (list: readonly Json[]) => (a: Json, b: Json) => placeIn(list, a) - placeIn(list, b);
  const named = all.filter((item) => placeIn(patch, item) >= 0).sort(byPlaceIn(patch));
  const others = all.filter((item) => placeIn(patch, item) < 0).sort(byPlaceIn(server));
  const sorted: Json[] = [];
  while (named.length > 0 && others.length > 0) {
    const [other, own] = [placeIn(server, others[0]), placeIn(server, named[0])];
    const isOtherFirst = other >= 0 && own >= 0 && other < own;
    sorted.push(...(isOtherFirst ? others : named).splice(0, 1));
  }
  return [...sorted, ...others, ...named];
}

/** A value as the API server's messages show it. */
function goText(value: Json): string {
  if (isList(value)) return `[${value.map(goText).join(" ")}]`;
  if (!isObject(value)) return value === null ? "<nil>" : String(value);
  const pairs = Object.entries(value).map(([name, item]) => `${name}:${goText(item ?? null)}`);
  return `map[${pairs.sort().join(" ")}]`;
}
