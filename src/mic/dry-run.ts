import { objectKey } from "../api/meta.ts";
import { planAssignments } from "../assignment/plan.ts";
import type { MachinePlan, Note, Plan, RecordWork, Snapshot } from "../assignment/types.ts";
import { printable } from "../base/log.ts";

export type DryRunFormat = "text" | "json";

/** What `--dry-run=json` prints. Objects are named as `namespace/name`, machines and identities by ARM ID in lower case. */
export type PlanJson = {
  /** How many assignments shall exist. */
  readonly wanted: number;
  /** Machines with something to do, by name; one named "" holds records that concern no machine. */
  readonly machines: readonly {
    readonly machine: string;
    readonly records: readonly RecordJson[];
    readonly attach: readonly string[];
    readonly detach: readonly string[];
    /** What should be there and is not (`missing`), or is there as it was before it was made anew (`stale`). */
    readonly repair: readonly { readonly identity: string; readonly kind: "missing" | "stale" }[];
  }[];
  /** Machines were not looked at: what was taken off them behind MIC's back is not in the plan. */
  readonly azureAsked: false;
  /** What is left out, and why. */
  readonly notes: readonly {
    readonly code: string;
    readonly pod?: string;
    readonly binding?: string;
    readonly identity?: string;
    readonly record?: string;
    readonly reason: string;
  }[];
};

type RecordJson = {
  /**
   * `create` and `rewrite` it; `confirm`: mark it Assigned once its identity is on the machine; `clear`: strike out what it
   * left on the machine; `remove` it.
   */
  readonly action: "create" | "rewrite" | "confirm" | "clear" | "remove";
  readonly record: string;
  readonly pod: string;
  readonly identity: string;
};

type Notes = PlanJson["notes"];

/** A plan for programs; equal plans give equal texts. */
export function planJson({ machines, notes, wantedCount }: Plan): PlanJson {
  return { wanted: wantedCount, machines: machines.map(machineJson), azureAsked: false, notes: notesJson(notes) };
}

function machineJson({ machine, work, attach, detach, repair, forget }: MachinePlan): PlanJson["machines"][number] {
  const removed = forget.map(({ record }) => recordJson("remove", objectKey(record.meta), record));
  return {
    machine,
    records: [...work.flatMap(workJson), ...removed],
    attach,
    detach,
    repair: repair.map(({ resourceId, kind }) => ({ identity: resourceId, kind })),
  };
}

function workJson({ draft, record, awaits }: RecordWork): readonly RecordJson[] {
  if (draft !== undefined) {
    const name = record === undefined ? `${draft.namespace}/${draft.name}` : objectKey(record.meta);
    return [recordJson(record === undefined ? "create" : "rewrite", name, draft)];
  }
  if (record === undefined) return [];
  return [recordJson(awaits === undefined ? "clear" : "confirm", objectKey(record.meta), record)];
}

type Bond = Pick<NonNullable<RecordWork["record"]>, "pod" | "podNamespace" | "identity">;

function recordJson(action: RecordJson["action"], record: string, { pod, podNamespace, identity }: Bond): RecordJson {
  return { action, record, pod: `${podNamespace}/${pod}`, identity: objectKey(identity.meta) };
}

function notesJson(notes: readonly Note[]): Notes {
  const named = notes.map(({ code, pod, binding, identity, record, detail }) => ({
    code,
    ...(pod === undefined ? {} : { pod: objectKey(pod.meta) }),
    ...(binding === undefined ? {} : { binding: objectKey(binding.meta) }),
    ...(identity === undefined ? {} : { identity: objectKey(identity.meta) }),
    ...(record === undefined ? {} : { record: objectKey(record.meta) }),
    reason: detail,
  }));
  return named
    .map((note) => ({ note, key: JSON.stringify(note) }))
    .sort(byKey)
    .map(({ note }) => note);
}

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : 1;
}

/** A plan for people, machine by machine. */
export function planText(plan: Plan, { pods, identities, bindings }: Snapshot): string {
  const { machines, notes, wanted } = planJson(plan);
  const found = `Found ${pods.length} pods, ${identities.length} ids, ${bindings.length} bindings: ${wanted} AzureAssignedIdentities shall exist.`;
  const left = notes.map(noteLine);
  return [
    found,
    ...machines.flatMap(machineLines),
    ...(left.length > 0 ? ["left out:", ...left] : []),
    machines.length === 0 ? "nothing to do" : `${machines.length} to work on; nothing was changed`,
    "Azure was not asked: identities taken off behind MIC's back are not seen, nor which of those to detach are pinned",
  ]
    .map((line) => `${line}\n`)
    .join("");
}

const signs = { create: "+", rewrite: "~", confirm: "~", clear: "~", remove: "-" } as const;
const repairs = {
  missing: "put on again, it is missing",
  stale: "take off and put on again, it was made anew",
} as const;

function machineLines({ machine, records, attach, detach, repair }: PlanJson["machines"][number]): readonly string[] {
  return [
    machine === "" ? "AzureAssignedIdentities that concern no machine" : `machine ${printable(machine)}`,
    ...records.map(({ action, record, pod, identity }) => {
      const names = `AzureAssignedIdentity ${printable(record)}: pod ${printable(pod)}, identity ${printable(identity)}`;
      return `  ${signs[action]} ${action} ${names}`;
    }),
    ...attach.map((id) => `  + attach ${printable(id)}`),
    ...detach.map((id) => `  - detach ${printable(id)}`),
    ...repair.map(({ identity, kind }) => `  ~ repair ${printable(identity)}: ${repairs[kind]}`),
  ];
}

function noteLine({ code, pod, binding, identity, record, reason }: Notes[number]): string {
  const about = Object.entries({ pod, binding, identity, AzureAssignedIdentity: record })
    .filter(([, name]) => name !== undefined)
    .map(([kind, name = ""]) => `${kind} ${printable(name)}`);
  return `  ${about.join(", ")}: ${printable(reason)} (${code})`;
}

type DryRun = {
  readonly snapshot: () => Snapshot;
  readonly format: DryRunFormat;
  readonly write: (text: string) => void;
};

/** Prints what MIC would do now, and does nothing. */
export function dryRun({ snapshot, format, write }: DryRun): void {
  const seen = snapshot();
  const plan = planAssignments(seen);
  write(format === "json" ? `${JSON.stringify(planJson(plan), null, 2)}\n` : planText(plan, seen));
}
