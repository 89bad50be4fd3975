import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { objectPath } from "../../kube/wire.ts";
import { KubectlRefusal } from "./requests.ts";
import type { Verb } from "./verb.ts";
import type { Words } from "./words.ts";

/** `create namespace NAME` and `create secret generic NAME`. */
export const createNamed: Verb = async (words, tools) => {
  const [what = "", ...rest] = words.rest;
  const name = rest.at(-1) ?? "";
  const object = what === "secret" ? await secretOf(words, name, tools.folder) : { metadata: { name } };
  if (what !== "secret" && what !== "namespace") throw new KubectlRefusal(`error: unknown command: create ${what}`);
  const kind = tools.kindOf(what);
  const body = JSON.stringify({ apiVersion: "v1", kind: kind.kind, ...object });
  const path = objectPath(kind, kind.isNamespaced ? words.namespace : "");
  await tools.requests.text({ method: "POST", path, contentType: "application/json", body }, tools.signal);
  tools.say(`${what}/${name} created\n`);
};

async function secretOf({ options }: Words, name: string, folder: string) {
  const pairs = (given: readonly string[] = []) => given.map((one) => one.split(/=(.*)/s) as [string, string]);
  const literals = pairs(options["from-literal"]).map(([key, value]) => [key, Buffer.from(value)] as const);
  const files = pairs(options["from-file"]).map(
    async ([key, file]) => [key, await readFile(resolve(folder, file))] as const,
  );
  const all = [...literals, ...(await Promise.all(files))];
  const data = Object.fromEntries(all.map(([key, value]) => [key, value.toString("base64")]));
  return { metadata: { name }, type: "Opaque", data };
}
