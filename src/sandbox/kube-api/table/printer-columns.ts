import type { Json, JsonObject } from "../json.ts";
import { textOr } from "../json.ts";
import type { TableForm } from "./columns.ts";
import { nameOf } from "./core.ts";
import { duration } from "./format.ts";
import { jsonPath } from "./json-path.ts";

const AGE = {
  ...{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
} as const;

/** The table of a custom resource: its name, and the columns that its definition asks for. */
export function customForm(columns: readonly JsonObject[]): TableForm {
  const shown = (columns.length === 0 ? [AGE] : columns).map((column: JsonObject) => ({
    ...{ name: textOr(column.name), type: textOr(column.type), format: textOr(column.format) },
    ...{ description: textOr(column.description), priority: Number(column.priority ?? 0) },
    read: readerOf(textOr(column.jsonPath)),
  }));
  return {
    columns: [
      { name: "Name", type: "string", format: "name", description: "", priority: 0 },
      ...shown.map(({ read: _read, ...column }) => column),
    ],
    cells: (object, now) => [nameOf(object), ...shown.map(({ type, read }) => cellOf(type, read(object)[0], now))],
  };
}

/** A path that cannot be read shows nothing. */
function readerOf(path: string): (value: Json) => readonly Json[] {
  try {
    return jsonPath(path);
  } catch {
    return () => [];
  }
}

/** What has another type than its column is not shown. */
function cellOf(type: string, value: Json | undefined, now: number): Json {
  if (value === undefined || value === null) return null;
  switch (type) {
    case "string":
      return typeof value === "object" ? JSON.stringify(value) : String(value);
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    default:
      return typeof value === "string" ? dateCell(value, now) : null;
  }
}

function dateCell(text: string, now: number): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? "<invalid>" : duration(now - ms);
}
