import { objectPath, rawMeta } from "../../kube/wire.ts";
import { singularOf } from "./target.ts";
import type { Verb } from "./verb.ts";

/** `patch KIND NAME --type=json|merge --patch=...`. */
export const patch: Verb = async ({ rest, options, namespace }, { requests, kindOf, say, signal }) => {
  const [word = "", name = ""] = rest;
  const kind = kindOf(word);
  const path = objectPath(kind, kind.isNamespaced ? namespace : "", name);
  const before = rawMeta(await requests.json({ method: "GET", path }, signal));
  const contentType = options.type === "json" ? "application/json-patch+json" : "application/merge-patch+json";
  const body = options.patch ?? "{}";
  const now = rawMeta(await requests.json({ method: "PATCH", path, contentType, body }, signal));
  const change = now.resourceVersion === before.resourceVersion ? " (no change)" : "";
  say(`${singularOf(kind)}/${name} patched${change}\n`);
};
