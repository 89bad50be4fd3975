import type { Kind } from "../../api/kinds.ts";
import { realClock } from "../../base/clock.ts";
import { asRecord, asText, objectPath, rawMeta } from "../../kube/wire.ts";
import { objectsOfFiles } from "./objects.ts";
import { KubectlRefusal } from "./requests.ts";
import { singularOf } from "./target.ts";
import type { Verb, VerbTools } from "./verb.ts";
import type { Words } from "./words.ts";

type Target = { readonly kind: Kind; readonly namespace: string; readonly name: string };
type Doomed = { readonly path: string; readonly uid: string };

/** `delete KIND NAME...` and `delete -f FILE`; it ends when all are gone. */
export const remove: Verb = async (words, tools) => {
  const doomed: Doomed[] = [];
  let missing: KubectlRefusal | undefined;
  for (const target of await targetsOf(words, tools)) {
    try {
      doomed.push(await removeOne(target, tools));
    } catch (reason) {
      if (!(reason instanceof KubectlRefusal && reason.status === 404)) throw reason;
      missing = reason; // the others go all the same
    }
  }
  for (const one of doomed) await untilGone(one, tools);
  if (missing !== undefined) throw missing;
};

async function targetsOf(words: Words, tools: VerbTools): Promise<Target[]> {
  const target = (kind: Kind, name: string, namespace = words.namespace) => {
    return { kind, name, namespace: kind.isNamespaced ? namespace : "" };
  };
  const [word, ...names] = words.rest;
  if (word !== undefined) return names.map((name) => target(tools.kindOf(word), name));
  const objects = await objectsOfFiles(words, tools.folder);
  return objects.map((one) => target(tools.kindOfObject(one), one.metadata.name, one.metadata.namespace));
}

async function removeOne({ kind, namespace, name }: Target, { requests, say, signal }: VerbTools): Promise<Doomed> {
  const path = objectPath(kind, namespace, name);
  const body = JSON.stringify({ kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" });
  const answer = await requests.json({ method: "DELETE", path, contentType: "application/json", body }, signal);
  say(`${singularOf(kind)} "${name}" deleted${namespace === "" ? "" : ` from ${namespace} namespace`}\n`);
  // The object that goes, or a Status that names it when it has gone already.
  return { path, uid: rawMeta(answer).uid || asText(asRecord(asRecord(answer).details).uid) };
}

async function untilGone({ path, uid }: Doomed, { requests, signal }: VerbTools): Promise<void> {
  for (;;) {
    try {
      const now = await requests.json({ method: "GET", path }, signal);
      if (rawMeta(now).uid !== uid) return; // another one of its name
    } catch (reason) {
      if (reason instanceof KubectlRefusal && reason.status === 404) return;
      throw reason;
    }
    await realClock.sleep(50, signal);
  }
}
