import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { asObject, type KubeObject } from "./target.ts";
import type { Words } from "./words.ts";

/** The objects of a YAML text, one or many. */
export function objectsOf(yaml: string): KubeObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as unknown)
    .filter((value) => value !== null && value !== undefined)
    .map(asObject);
}

/** The objects of all files that `-f` names, in their order; `-` is the input. */
export async function objectsOfFiles({ options, input }: Words, folder: string): Promise<KubeObject[]> {
  const files = options.filename ?? [];
  const texts = await Promise.all(
    files.map((file) => (file === "-" ? input : readFile(resolve(folder, file), "utf8"))),
  );
  return texts.flatMap(objectsOf);
}
