import { isObject, type Json, type JsonObject } from "../json.ts";
import type { Resource } from "../resource.ts";
import { type FieldError, required, tooLong, wrong } from "../status.ts";

type NameForm = Resource["nameForm"];

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SERVICE_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const KEY_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

function atMost(limit: number): string {
  return `must be no more than ${limit} bytes`;
}

/** What is wrong with an object's name, labels, annotations and finalizers. */
export function metadataErrors(metadata: JsonObject, { nameForm, isCustom }: Resource): FieldError[] {
  const { name, labels, annotations, finalizers } = metadata;
  return [
    ...nameErrors(name, nameForm),
    ...labelsErrors("metadata.labels", labels),
    ...annotationsErrors("metadata.annotations", annotations),
    ...(Array.isArray(finalizers) && !isCustom ? finalizers.flatMap(finalizerErrors) : []),
  ];
}

/** What is wrong with labels. */
export function labelsErrors(field: string, labels: Json | undefined): FieldError[] {
  return pairs(labels).flatMap(([key, value]) => [...labelNameErrors(field, key), ...valueErrors(field, value)]);
}

const MOST_ANNOTATED = 262_144;

/** What is wrong with annotations: their names, or how much they are. */
export function annotationsErrors(field: string, annotations: Json | undefined): FieldError[] {
  const all = pairs(annotations);
  const size = all.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...all.flatMap(([key]) => labelNameErrors(field, key.toLowerCase())),
    ...(size > MOST_ANNOTATED ? [tooLong(field, MOST_ANNOTATED)] : []),
  ];
}

function nameErrors(name: Json | undefined, form: NameForm): FieldError[] {
  const field = "metadata.name";
  if (typeof name !== "string" || name === "") return [required(field, "name or generateName is required")];
  if (form === "path") return /^\.\.?$|[/%]/.test(name) ? [wrong(field, name, "may not contain '/'")] : [];
  if (form === "service") return serviceNameErrors(field, name);
  return form === "label" ? labelErrors(field, name) : subdomainErrors(field, name);
}

/** Names of services begin with a letter. */
function serviceNameErrors(field: string, name: string): FieldError[] {
  return [
    ...(name.length > 63 ? [wrong(field, name, "must be no more than 63 characters")] : []),
    ...(/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) ? [] : [wrong(field, name, SERVICE_RULE)]),
  ];
}

/** What is wrong with a DNS label. */
export function labelErrors(field: string, name: string): FieldError[] {
  const rule = SUBDOMAIN.test(name) ? "must not contain dots" : LABEL_RULE;
  return [
    ...(name.length > 63 ? [wrong(field, name, "must be no more than 63 characters")] : []),
    ...(LABEL.test(name) ? [] : [wrong(field, name, rule)]),
  ];
}

/** What is wrong with a DNS subdomain. */
export function subdomainErrors(field: string, name: string): FieldError[] {
  return [
    ...(name.length > 253 ? [wrong(field, name, "must be no more than 253 characters")] : []),
    ...(SUBDOMAIN.test(name) ? [] : [wrong(field, name, SUBDOMAIN_RULE)]),
  ];
}

/** What is wrong with the name of a label. */
export function labelNameErrors(field: string, key: string): FieldError[] {
  const [name = "", prefix, ...more] = key.split("/").reverse();
  if (more.length > 0) return [wrong(field, key, "a qualified name holds at most one '/'")];
  return [
    ...(prefix !== undefined && !SUBDOMAIN.test(prefix) ? [wrong(field, key, `prefix part ${SUBDOMAIN_RULE}`)] : []),
    ...(name === "" ? [wrong(field, key, "name part must be non-empty")] : []),
    ...(name.length > 63 ? [wrong(field, key, `name part ${atMost(63)}`)] : []),
    ...(QUALIFIED.test(name) ? [] : [wrong(field, key, KEY_RULE)]),
  ];
}

const MAP_KEY = /^[-._a-zA-Z0-9]+$/;
const MAP_KEY_RULE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** What is wrong with a key of a ConfigMap or Secret. */
export function mapKeyErrors(field: string, key: string): FieldError[] {
  return MAP_KEY.test(key) ? [] : [wrong(field, key, MAP_KEY_RULE)];
}

const STANDARD_FINALIZERS: readonly string[] = ["kubernetes", "orphan", "foregroundDeletion"];

function finalizerErrors(name: string, i: number): FieldError[] {
  const field = `metadata.finalizers[${i}]`;
  if (name.includes("/") || STANDARD_FINALIZERS.includes(name)) return labelNameErrors(field, name);
  return [wrong(field, name, "name is neither a standard finalizer name nor is it fully qualified")];
}

function valueErrors(field: string, value: string): FieldError[] {
  return [
    ...(value.length > 63 ? [wrong(field, value, atMost(63))] : []),
    ...(value === "" || QUALIFIED.test(value) ? [] : [wrong(field, value, VALUE_RULE)]),
  ];
}

function pairs(map: Json | undefined): [string, string][] {
  return isObject(map) ? Object.entries(map).map(([key, value]) => [key, String(value)]) : [];
}
