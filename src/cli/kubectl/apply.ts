import type { Kind } from "../../api/kinds.ts";
import { asRecord, objectPath, rawMeta } from "../../kube/wire.ts";
import { objectsOfFiles } from "./objects.ts";
import { KubectlRefusal } from "./requests.ts";
import { type KubeObject, singularOf } from "./target.ts";
import type { Verb, VerbTools } from "./verb.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** `apply -f`: makes what is not there; of what is there it changes what the file says, or said the time before. */
export const apply: Verb = async (words, tools) => {
  const objects = await objectsOfFiles(words, tools.folder);
  const all = objects.map((object) => ({ object, kind: tools.kindOfObject(object) })); // all are known before any is sent
  for (const { object, kind } of all) {
    const namespace = kind.isNamespaced ? (object.metadata.namespace ?? words.namespace) : "";
    const done = await applyOne(withLastApplied(object, namespace), kind, namespace, tools);
    tools.say(`${singularOf(kind)}/${object.metadata.name} ${done}\n`);
  }
};

async function applyOne(object: KubeObject, kind: Kind, namespace: string, { requests, signal }: VerbTools) {
  const path = objectPath(kind, namespace, object.metadata.name);
  const live = await requests.json({ method: "GET", path }, signal).catch((reason) => {
    if (reason instanceof KubectlRefusal && reason.status === 404) return undefined;
    throw reason;
  });
  const json = { contentType: "application/json", body: JSON.stringify(object) };
  if (live === undefined) {
    await requests.text({ method: "POST", path: objectPath(kind, namespace), ...json }, signal);
    return "created";
  }
  const body = JSON.stringify(patchOf(live, object));
  const patch = { method: "PATCH", path, contentType: "application/merge-patch+json", body } as const;
  const now = await requests.json(patch, signal);
  return rawMeta(now).resourceVersion === rawMeta(live).resourceVersion ? "unchanged" : "configured";
}

function withLastApplied(object: KubeObject, namespace: string): KubeObject {
  const placed = namespace === "" ? {} : { namespace };
  const metadata = { annotations: {}, ...object.metadata, ...placed };
  const applied = `${JSON.stringify(sorted({ ...object, metadata }))}\n`;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [LAST_APPLIED]: applied } } };
}

/** What the file says, and null for what it said the last time and says no more. */
function patchOf(live: unknown, object: KubeObject): unknown {
  const before = asRecord(asRecord(asRecord(live).metadata).annotations)[LAST_APPLIED];
  return typeof before === "string" ? withNulls(JSON.parse(before), object) : object;
}

function withNulls(before: unknown, now: unknown): unknown {
  if (!isMap(before) || !isMap(now)) return now;
  const was = asRecord(before);
  const kept = Object.entries(now).map(([name, value]) => [name, withNulls(was[name], value)] as const);
  const gone = Object.keys(was).filter((name) => !(name in now));
  return Object.fromEntries([...kept, ...gone.map((name) => [name, null] as const)]);
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one)]));
}
