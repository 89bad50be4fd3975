import { Fault } from "../../base/fault.ts";
import {
  type Entry,
  listOf,
  type MachinePlan,
  machineOf,
  nodeNamesOf,
  type Place,
  placeOf,
  Reader,
} from "./entries.ts";
import { readYaml } from "./yaml-file.ts";

/** What a sandbox has when it starts. */
export type SandboxPlan = {
  /** Of whatever names none. */
  readonly resourceGroup: string;
  readonly machines: readonly MachinePlan[];
  readonly identities: readonly Place[];
  readonly namespaces: readonly string[];
};

/** What people ask for: by a file, and by options whose lists take the place of the file's. */
export type PlanWishes = {
  /** YAML, and what it is called. */
  readonly file?: { readonly name: string; readonly text: string } | undefined;
  /** `vm-0` or `GROUP/vm-0`, with commas between. */
  readonly vms?: string | undefined;
  /** `vmss`, `vmss=3` or `GROUP/vmss=3`. */
  readonly scaleSets?: string | undefined;
  /** `reader` or `GROUP/reader`. */
  readonly identities?: string | undefined;
  readonly namespaces?: string | undefined;
};

const RESOURCE_GROUP = "MC_sandbox";
const KEYS = ["resourceGroup", "nodes", "identities", "namespaces"] as const;
const MOST_NODES = 100;

/** A VM and a scale set with one instance. */
const FIRST_NODES: readonly Entry[] = [
  { at: "", value: { vm: "vm-0" } },
  { at: "", value: { scaleSet: "vmss" } },
];

/**
 * Reads all of what was asked for.
 * @throws Fault FILE_INVALID or FLAG_INVALID with everything that is wrong, each with its place and what is allowed there
 */
export function readPlan(wishes: PlanWishes): SandboxPlan {
  const reader = new Reader();
  const plan = planOf(wishes, reader);
  if (reader.problems.length === 0) return plan;
  const { file } = wishes;
  const problems = reader.problems.join("; ");
  if (file === undefined) throw new Fault("FLAG_INVALID", problems);
  throw new Fault("FILE_INVALID", `${file.name}: ${problems}`);
}

function planOf({ file, vms, scaleSets, identities, namespaces }: PlanWishes, reader: Reader): SandboxPlan {
  const content = file === undefined ? {} : reader.object({ at: "", value: readYaml(file) }, KEYS);
  const resourceGroup = reader.group({ at: "resourceGroup", value: content.resourceGroup }, RESOURCE_GROUP);
  const given = [...wordsOf(vms, "vms").map(asVm), ...wordsOf(scaleSets, "scale-sets").map(asScaleSet)];
  const entries = (name: (typeof KEYS)[number], words: readonly Entry[]) =>
    words.length > 0 ? words : listOf({ at: name, value: content[name] }, reader);
  const nodes = entries("nodes", given);
  if (Array.isArray(content.nodes) && nodes.length === 0)
    reader.wrong("nodes", "none", "one at least, or leave it out");
  const known = entries("identities", wordsOf(identities, "identities").map(asPlace));
  const places = known.map((entry) => placeOf(entry, resourceGroup, reader));
  const names = places.map(({ name }) => name);
  const machines = (nodes.length > 0 ? nodes : FIRST_NODES).map((entry) =>
    machineOf(entry, { resourceGroup, identities: names }, reader),
  );
  const spaces = entries("namespaces", wordsOf(namespaces, "namespaces")).map((entry) => reader.label(entry));
  checkOnce("identities", names, reader);
  checkOnce("namespaces", spaces, reader);
  const all = machines.flatMap(nodeNamesOf);
  checkOnce("nodes", all, reader);
  if (all.length > MOST_NODES) reader.wrong("nodes", `${all.length} nodes`, `at most ${MOST_NODES}`);
  return { resourceGroup, machines, identities: places, namespaces: spaces };
}

function checkOnce(at: string, names: readonly string[], reader: Reader): void {
  const twice = names.find((name, i) => name !== "" && names.indexOf(name) !== i);
  if (twice !== undefined) reader.wrong(at, `${JSON.stringify(twice)} twice`, "each name once");
}

/** The words of an option, each as an entry that is called after it. */
function wordsOf(option: string | undefined, name: string): readonly Entry[] {
  return option === undefined ? [] : option.split(",").map((value) => ({ at: `--${name}`, value }));
}

function asPlace({ at, value }: Entry): Entry {
  const [, resourceGroup, name] = /^(?:(.*)\/)?(.*)$/.exec(String(value)) ?? [];
  return { at, value: { name, ...(resourceGroup !== undefined && { resourceGroup }) } };
}

function asVm(entry: Entry): Entry {
  const { name, ...rest } = asPlace(entry).value as { readonly name: string };
  return { at: entry.at, value: { vm: name, ...rest } };
}

function asScaleSet({ at, value }: Entry): Entry {
  const [where = "", count] = String(value).split("=");
  const { name, ...rest } = asPlace({ at, value: where }).value as { readonly name: string };
  const instances = count === undefined ? {} : { instances: /^\d+$/.test(count) ? Number(count) : count };
  return { at, value: { scaleSet: name, ...instances, ...rest } };
}
