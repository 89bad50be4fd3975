import { badRequest, StatusError } from "../status.ts";
import type { Carries } from "../table/table.ts";

/** The form in which a client wants objects. */
export type Form = "object" | "table" | "metadata";

type Media = { readonly type: string; readonly parameters: ReadonlyMap<string, string> };

const JSON_TYPES: ReadonlySet<string> = new Set(["application/json", "application/*", "*/*"]);
const FORMS: Readonly<Record<string, Form>> = {
  Table: "table",
  PartialObjectMetadata: "metadata",
  PartialObjectMetadataList: "metadata",
};

/** Reads what a client accepts of a request for objects: the first form that this server has. @throws StatusError 406 */
export function acceptedForm(header: string | undefined): Form {
  for (const { type, parameters } of mediaOf(header)) {
    if (!JSON_TYPES.has(type)) continue;
    const as = parameters.get("as");
    if (as === undefined) return "object";
    const form = FORMS[as];
    if (form && parameters.get("g") === "meta.k8s.io" && parameters.get("v") === "v1") return form;
  }
  throw new StatusError(
    406,
    "NotAcceptable",
    "only the following media types are accepted: application/json, application/json;as=Table;g=meta.k8s.io;v=v1",
  );
}

/** Whether a client takes the whole of discovery in one answer. */
export function acceptsAggregated(header: string | undefined): boolean {
  const first = mediaOf(header).find(({ type, parameters }) => {
    return JSON_TYPES.has(type) && (!parameters.has("as") || isAggregated(parameters));
  });
  return first?.parameters.has("as") ?? false;
}

function isAggregated(parameters: ReadonlyMap<string, string>): boolean {
  const [as, group, version] = ["as", "g", "v"].map((name) => parameters.get(name));
  return as === "APIGroupDiscoveryList" && group === "apidiscovery.k8s.io" && version === "v2";
}

/** The first of some types that a client accepts, in the order of what it would like best. */
export function firstAccepted(header: string | undefined, types: readonly string[]): string | undefined {
  const fits = (wanted: string, type: string) =>
    wanted === "*/*" || wanted === type || wanted === `${type.split("/")[0]}/*`;
  return mediaOf(header)
    .flatMap(({ type: wanted }) => types.filter((type) => fits(wanted, type)))
    .at(0);
}

/** What rows of tables are to carry. @throws StatusError */
export function carriesOf(query: URLSearchParams): Carries {
  const text = query.get("includeObject") || "Metadata";
  if (text === "None" || text === "Metadata" || text === "Object") return text;
  throw badRequest(`unrecognized includeObject value: "${text}"`);
}

function mediaOf(header: string | undefined): readonly Media[] {
  return (header || "*/*").split(",").map((part) => {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim());
    const pairs = parameters
      .map((text) => text.split("="))
      .map(([name = "", value = ""]): [string, string] => [name, value]);
    return { type: type.toLowerCase(), parameters: new Map(pairs) };
  });
}
