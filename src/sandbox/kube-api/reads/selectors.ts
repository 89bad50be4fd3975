import { type KubeObject, objectOr } from "../json.ts";
import type { Resource } from "../resource.ts";
import { badRequest } from "../status.ts";

export type Selector = (object: KubeObject) => boolean;

const everything: Selector = () => true;

/** Which objects a request asks for, by its `labelSelector` and `fieldSelector`; undefined when by neither. */
export function readSelector(query: URLSearchParams, resource: Resource): Selector | undefined {
  const labels = query.get("labelSelector") ?? "";
  const fields = query.get("fieldSelector") ?? "";
  if (labels === "" && fields === "") return undefined;
  const byLabel = labelSelector(labels);
  const byField = fieldSelector(fields, resource);
  return (object) => byLabel(object) && byField(object);
}

type Requirement = (value: string | undefined) => boolean;

const NAME = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?";
const VALUE = "[-A-Za-z0-9_.]*";
const EQUALS = new RegExp(`^(${NAME})\\s*(==|=|!=)\\s*(${VALUE})$`);
const BEGINS = new RegExp(`^${NAME}\\s*(==|=|!=)\\s*${VALUE}`);
const SET = new RegExp(`^(${NAME})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EXISTS = new RegExp(`^(!?)\\s*(${NAME})$`);
const COMPARES = new RegExp(`^(${NAME})\\s*([<>])\\s*(-?\\d+)$`);

function labelSelector(text: string): Selector {
  if (text.trim() === "") return everything;
  // Commas inside parentheses belong to a set of values.
  const parts = text.split(/,(?![^(]*\))/).map((part) => readRequirement(part.trim()));
  return ({ metadata }) => {
    const labels = objectOr(metadata.labels);
    return parts.every(({ name, holds }) => holds(labels[name] as string | undefined));
  };
}

function readRequirement(text: string): { name: string; holds: Requirement } {
  const equals = EQUALS.exec(text);
  if (equals) {
    const [, name = "", , operator, value = ""] = equals;
    return { name, holds: operator === "!=" ? (label) => label !== value : (label) => label === value };
  }
  const set = SET.exec(text);
  if (set) {
    const [, name = "", , operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    const isIn: Requirement = (label) => label !== undefined && values.includes(label);
    return { name, holds: operator === "in" ? isIn : (label) => !isIn(label) };
  }
  const exists = EXISTS.exec(text);
  if (exists) {
    const [, not, name = ""] = exists;
    return { name, holds: (label) => (label !== undefined) === (not === "") };
  }
  const compares = COMPARES.exec(text);
  if (compares) {
    const [, name = "", , operator, limit] = compares;
    const isBeyond = (label: number) => (operator === ">" ? label > Number(limit) : label < Number(limit));
    return { name, holds: (label) => label !== undefined && /^-?\d+$/.test(label) && isBeyond(Number(label)) };
  }
  const [read] = BEGINS.exec(text) ?? [];
  if (read !== undefined) throw badRequest(`found '${text[read.length]}', expected: ',' or 'end of string'`);
  throw badRequest(`unable to parse requirement: ${JSON.stringify(text)} is not a label selector`);
}

function fieldSelector(text: string, resource: Resource): Selector {
  if (text === "") return everything;
  const parts = text.split(",").map((part) => {
    const [, name, operator, value] = /^(.*?)(==|!=|=)(.*)$/.exec(part) ?? [];
    if (name === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    return { read: fieldReader(name, resource), isEqual: operator !== "!=", value: value ?? "" };
  });
  return (object) => parts.every(({ read, isEqual, value }) => (String(read(object) ?? "") === value) === isEqual);
}

function fieldReader(name: string, resource: Resource) {
  if (name === "metadata.name") return ({ metadata }: KubeObject) => metadata.name;
  if (name === "metadata.namespace" && resource.isNamespaced) return ({ metadata }: KubeObject) => metadata.namespace;
  const read = resource.selectableFields[name];
  if (read === undefined) throw badRequest(`field label not supported: ${name}`);
  return read;
}
