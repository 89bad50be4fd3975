import { parseArgs } from "node:util";
import type { KubectlCommand } from "./line.ts";

const OPTIONS = {
  filename: { type: "string", short: "f", multiple: true },
  namespace: { type: "string", short: "n" },
  "all-namespaces": { type: "boolean", short: "A" },
  output: { type: "string", short: "o" },
  "field-selector": { type: "string" },
  selector: { type: "string", short: "l" },
  tail: { type: "string" },
  type: { type: "string" },
  patch: { type: "string", short: "p" },
  "from-literal": { type: "string", multiple: true },
  "from-file": { type: "string", multiple: true },
} as const;

/** A command, read as `kubectl` would. */
export type Words = {
  readonly verb: string;
  readonly rest: readonly string[];
  readonly options: ReturnType<typeof read>["values"];
  /** The one that is asked for, or `default`. */
  readonly namespace: string;
  readonly input: string;
};

/** @throws TypeError for an option that is not known here */
export function wordsOf({ args, input = "" }: KubectlCommand): Words {
  const { values: options, positionals } = read(args);
  const [verb = "", ...rest] = positionals;
  return { verb, rest, options, namespace: options.namespace ?? "default", input };
}

function read(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
}
