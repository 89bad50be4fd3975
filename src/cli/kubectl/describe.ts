import { realClock } from "../../base/clock.ts";
import { asRecord, asText, objectPath, queryString } from "../../kube/wire.ts";
import { aligned } from "./columns.ts";
import { labelOf } from "./label.ts";
import type { Verb, VerbTools } from "./verb.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const WIDTHS = { least: 0, padding: 2 };
const LONGEST_ANNOTATION = 140;
/** What is told above, or never. */
const APART = ["managedFields", "name", "namespace", "labels", "annotations"].map((name) => `.metadata.${name}`);

/** `describe KIND NAME` of a custom resource: all its fields, and what was said about it. */
export const describe: Verb = async ({ rest, namespace }, tools) => {
  const [word = "", name = ""] = rest;
  const kind = tools.kindOf(word);
  const path = objectPath(kind, namespace, name);
  const object = asRecord(await tools.requests.json({ method: "GET", path }, tools.signal));
  const metadata = asRecord(object.metadata);
  const events = await eventsOf(asText(metadata.uid), namespace, tools);
  const lines = [
    ["Name:", asText(metadata.name)],
    ["Namespace:", asText(metadata.namespace)],
    ...labelLines(asRecord(metadata.labels)),
    ...annotationLines(asRecord(metadata.annotations)),
    ...fieldLines(object, "", ""),
    ...(events.length === 0 ? [["Events:", "<none>"]] : []),
  ];
  tools.say(aligned(lines, WIDTHS));
  if (events.length > 0) tools.say(`Events:\n${aligned(eventLines(events), WIDTHS)}`);
};

function labelLines(labels: Readonly<Record<string, unknown>>): string[][] {
  const all = Object.keys(labels).sort();
  if (all.length === 0) return [["Labels:", "<none>"]];
  return all.map((key, i) => [i === 0 ? "Labels:" : "", `${key}=${labels[key]}`]);
}

function annotationLines(annotations: Readonly<Record<string, unknown>>): string[][] {
  const keys = Object.keys(annotations).filter((key) => key !== LAST_APPLIED);
  if (keys.length === 0) return [["Annotations:", "<none>"]];
  const lines = keys.sort().flatMap((key) => {
    const value = String(annotations[key]).replace(/\n$/, "");
    const isShort = value.length + key.length + 2 <= LONGEST_ANNOTATION && !value.includes("\n");
    return isShort ? [`${key}: ${value}`] : [`${key}:`, ...value.split("\n").map((line) => `  ${cut(line)}`)];
  });
  return lines.map((line, i) => [i === 0 ? "Annotations:" : "", line]);
}

function cut(line: string): string {
  const room = LONGEST_ANNOTATION - 2; // without the indent
  return line.length > room ? `${line.slice(0, room)}...` : line;
}

function fieldLines(fields: Readonly<Record<string, unknown>>, indent: string, above: string): string[][] {
  return Object.keys(fields)
    .sort()
    .filter((name) => !APART.includes(`${above}.${name}`))
    .flatMap((name) => {
      const value = fields[name];
      const head = `${indent}${labelOf(name)}:`;
      const path = `${above}.${name}`;
      if (Array.isArray(value)) return [[head], ...value.flatMap((one) => itemLines(one, `${indent}  `, path))];
      if (isMap(value)) return [[head], ...fieldLines(value, `${indent}  `, path)];
      return [[head, value === null ? "<nil>" : String(value)]];
    });
}

function itemLines(value: unknown, indent: string, path: string): string[][] {
  return isMap(value) ? fieldLines(value, indent, path) : [[`${indent}${String(value)}`]];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

type KubeEvent = {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string;
  readonly source?: { readonly component?: string };
};

async function eventsOf(uid: string, namespace: string, { requests, kindOf, signal }: VerbTools) {
  const query = queryString({ fieldSelector: `involvedObject.uid=${uid}` });
  const path = objectPath(kindOf("events"), namespace) + query;
  const { items } = (await requests.json({ method: "GET", path }, signal)) as { items: readonly KubeEvent[] };
  return items;
}

function eventLines(events: readonly KubeEvent[]): string[][] {
  const head = [
    ["  Type", "Reason", "Age", "From", "Message"],
    ["  ----", "------", "----", "----", "-------"],
  ];
  const age = ({ lastTimestamp = "" }: KubeEvent) => {
    const seconds = Math.max(0, Math.floor((realClock.now() - Date.parse(lastTimestamp)) / 1000));
    return seconds < 120 ? `${seconds}s` : `${Math.floor(seconds / 60)}m`;
  };
  return [
    ...head,
    ...events.map((one) => [
      `  ${one.type ?? ""}`,
      one.reason ?? "",
      age(one),
      one.source?.component ?? "",
      one.message ?? "",
    ]),
  ];
}
