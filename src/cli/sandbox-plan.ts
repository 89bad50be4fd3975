import { readFile } from "node:fs/promises";
import { Fault } from "../base/fault.ts";
import type { SandboxOptions } from "../sandbox/compose.ts";
import type { Command, CommandValues } from "./command.ts";

const REASONS: Readonly<Record<string, string>> = { ENOENT: "there is no such file", EISDIR: "it is a folder" };

type Wishes = NonNullable<SandboxOptions["plan"]>;

/** What the sandbox has; lists of options take the place of the file's. */
export const planOptions: Command["options"] = [
  { flags: "--file <file>", help: "YAML with nodes, identities and namespaces" },
  { flags: "--vms <names>", help: "nodes on VMs: NAME or GROUP/NAME, with commas between", isRepeated: true },
  {
    flags: "--scale-sets <names>",
    help: "nodes on scale sets: NAME, NAME=INSTANCES or GROUP/NAME=INSTANCES, with commas between",
    isRepeated: true,
  },
  {
    flags: "--identities <names>",
    help: "user-assigned identities: NAME or GROUP/NAME, with commas between",
    isRepeated: true,
  },
  {
    flags: "--namespaces <names>",
    help: "namespaces beside those of every cluster, with commas between",
    isRepeated: true,
  },
];

/** @throws Fault FILE_UNREADABLE */
export async function planWishes(values: CommandValues): Promise<Wishes> {
  const file = joined(values.file);
  return {
    ...(file !== undefined && { file: { name: file, text: await contentOf(file) } }),
    ...{
      vms: joined(values.vms),
      scaleSets: joined(values.scaleSets),
      identities: joined(values.identities),
      namespaces: joined(values.namespaces),
    },
  };
}

/** A list with commas between, also one that was given in several parts. */
export function joined(value: CommandValues[string]): string | undefined {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.join(",") : undefined;
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = REASONS[code ?? ""] ?? code ?? String(cause);
    throw new Fault("FILE_UNREADABLE", `cannot read ${file}: ${why}; give the path of a YAML file`, { cause });
  }
}
