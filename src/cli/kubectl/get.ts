import { asRecord, asText, objectPath, queryString } from "../../kube/wire.ts";
import { aligned } from "./columns.ts";
import type { Verb, VerbTools } from "./verb.ts";
import type { Words } from "./words.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const WIDTHS = { least: 6, padding: 3 };
const CUSTOM = "custom-columns=";

/** `get KIND [NAME]`, as the API server's own table, or with `-o custom-columns=...`. */
export const get: Verb = async (words, tools) => {
  const { output } = words.options;
  const rows = output?.startsWith(CUSTOM) ? await chosenRows(words, tools) : await servedRows(words, tools);
  tools.say(rows.length > 1 ? aligned(rows, WIDTHS) : nothingIn(words, tools));
};

function nothingIn({ rest, options, namespace }: Words, { kindOf }: VerbTools): string {
  const isEverywhere = options["all-namespaces"] === true || !kindOf(rest[0] ?? "").isNamespaced;
  return isEverywhere ? "No resources found\n" : `No resources found in ${namespace} namespace.\n`;
}

function pathOf({ rest, options, namespace }: Words, { kindOf }: VerbTools): string {
  const [word = "", name] = rest;
  const kind = kindOf(word);
  const query = queryString({ fieldSelector: options["field-selector"], labelSelector: options.selector });
  return objectPath(kind, options["all-namespaces"] === true ? "" : namespace, name) + query;
}

type Table = {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows?: readonly { readonly cells: readonly unknown[]; readonly object: unknown }[];
};

/** The head first, then a row for each object. */
async function servedRows(words: Words, tools: VerbTools): Promise<string[][]> {
  const request = { method: "GET", path: pathOf(words, tools), accept: TABLE } as const;
  const { columnDefinitions, rows = [] } = (await tools.requests.json(request, tools.signal)) as Table;
  const shown = columnDefinitions.flatMap(({ priority }, i) => (priority === 0 ? [i] : []));
  const hasNamespaces = words.options["all-namespaces"] === true && tools.kindOf(words.rest[0] ?? "").isNamespaced;
  const row = (namespace: string, cells: readonly unknown[]) => [
    ...(hasNamespaces ? [namespace] : []),
    ...shown.map((i) => String(cells[i] ?? "")),
  ];
  const head = columnDefinitions.map(({ name }) => name.toUpperCase());
  const namespaceOf = (object: unknown) => asText(asRecord(asRecord(object).metadata).namespace);
  return [row("NAMESPACE", head), ...rows.map(({ cells, object }) => row(namespaceOf(object), cells))];
}

async function chosenRows(words: Words, tools: VerbTools): Promise<string[][]> {
  const answer = asRecord(await tools.requests.json({ method: "GET", path: pathOf(words, tools) }, tools.signal));
  const objects = Array.isArray(answer.items) ? answer.items : [answer];
  const columns = (words.options.output ?? "").slice(CUSTOM.length).split(",");
  const pairs = columns.map((one) => one.split(":.") as [string, string]);
  const cell = (object: unknown, path: string) => {
    const value = path.split(".").reduce<unknown>((at, name) => asRecord(at)[name], object);
    return value === undefined ? "<none>" : String(value);
  };
  return [pairs.map(([head]) => head), ...objects.map((object) => pairs.map(([, path]) => cell(object, path)))];
}
