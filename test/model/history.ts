import fc from "fast-check";
import type { Refusing } from "./arm-errors.ts";
import type { Failure } from "./azure.ts";
import type { Claim } from "./forgery.ts";
import {
  IDENTITY_NAMES,
  LABELS,
  MACHINE_IDS,
  NAMESPACES,
  NODE_NAMES,
  POD_NAMES,
  RESOURCES,
  USUAL_MACHINES,
  USUAL_NODES,
} from "./names.ts";
import type { Steady } from "./steady.ts";

const namespace = fc.constantFrom(...NAMESPACES);
const label = fc.constantFrom(...LABELS, ...LABELS, "none-such");
const node = fc.constantFrom(...USUAL_NODES, ...USUAL_NODES, ...USUAL_NODES, ...NODE_NAMES);
const resource = fc.constantFrom(...RESOURCES);
const machine = fc.constantFrom(...USUAL_MACHINES, ...USUAL_MACHINES, ...MACHINE_IDS);
const puts = fc.constantFrom<Putting>("nothing", "the system identity", "an identity");
const one = fc.nat(7);
const seconds = fc.nat(40);
const mic = fc.nat(1);

/** What somebody else who changes a machine puts on it, too. */
export type Putting = "nothing" | "the system identity" | "an identity";
/** What azure.json says from now on. */
type Saying = "the same" | "another principal" | "another cluster" | "a wrong secret";

type Often<T> = { readonly weight: number; readonly how: fc.Arbitrary<T> };

function often<T extends object>(weight: number, parts: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): Often<T> {
  return { weight, how: fc.record(parts) as unknown as fc.Arbitrary<T> };
}

/** What may happen, and how often beside the others. */
const happenings = {
  "pod appears": often(10, { namespace, name: fc.constantFrom(...POD_NAMES), node, label }),
  "pod vanishes": often(6, { one }),
  "pod moves": often(4, { one, node }),
  "pod is relabelled": often(4, { one, label }),
  "pod finishes": often(1, { one }),
  "identity is written": often(4, {
    namespace,
    name: fc.constantFrom(...IDENTITY_NAMES),
    resource,
    isShouted: fc.boolean(),
    type: fc.constantFrom(0, 0, 0, 0, 1, 2),
    isNamespaced: fc.constantFrom(false, false, true),
  }),
  "identity vanishes": often(1, { one }),
  "binding is written": often(4, {
    namespace,
    identity: fc.constantFrom(...IDENTITY_NAMES),
    label,
    weight: fc.nat(2),
    name: fc.constantFrom("b1", "b2", "b3"),
  }),
  "binding vanishes": often(1, { one }),
  "node vanishes": often(1, { node }),
  "node appears": often(2, { node }),
  "somebody deletes a record": often(1, { one }),
  "somebody strips a record's finalizers": often(1, { one }),
  "somebody labels a record": often(1, { one }),
  "somebody takes an identity off": often(2, { machine, resource }),
  "owner puts an identity on": often(1, { machine, isOn: fc.boolean() }),
  "owner switches the system identity": often(2, { machine, isOn: fc.boolean() }),
  "machine is deleted in Azure": often(1, { machine, state: fc.constantFrom("Deleting" as const, "gone" as const) }),
  "machine is there again": often(1, { machine }),
  "identity is made anew in Azure": often(1, {
    resource: fc.constantFrom(...RESOURCES.filter((one) => one !== "pinned")),
    isTold: fc.constantFrom(true, true, true, false),
  }),
  "machine has little room": often(1, { machine, room: fc.nat(2) }),
  "Azure minds what a machine carries": often(2, { one }),
  "somebody else changes a machine": often(3, {
    machine,
    seconds: fc.constantFrom(5, 30, 100, 400),
    puts,
    refusesMeanwhile: fc.boolean(),
  }),
  "owner is quicker than the next change": often(2, {
    machine,
    puts: fc.constantFrom<Putting>("the system identity", "an identity"),
  }),
  "somebody forges a record": often(2, {
    one,
    claim: fc.constantFrom<Claim>(
      "what it was copied from",
      "a foreign machine",
      "a pinned identity",
      "leftovers",
      "a ghost",
    ),
    isElsewhere: fc.constantFrom(false, false, true),
    isGuarded: fc.boolean(),
  }),
  "azure.json is written anew": often(1, {
    says: fc.constantFrom<Saying>("the same", "the same", "another principal", "another cluster", "a wrong secret"),
  }),
  "Azure refuses": often(2, { resource, how: fc.constantFrom<Refusing>("named", "unnamed", "missing") }),
  "Azure refuses no more": often(1, { resource }),
  "Azure throttles": often(1, { machine: fc.option(machine, { nil: undefined }), seconds: fc.nat(200) }),
  "the next change fails": often(3, {
    machine,
    how: fc.constantFrom<Failure>("before", "after", "half", "never ends", "unavailable", "busy"),
  }),
  "requests to Azure get lost": often(1, { rate: fc.constantFrom(0.2, 0.6), seconds }),
  "requests to the API server get lost": often(3, { rate: fc.constantFrom(0.1, 0.3, 0.7), seconds }),
  "the API server restarts": often(1, { forgets: fc.boolean(), seconds: fc.nat(15) }),
  "MIC is cut off": often(1, { mic, seconds: fc.nat(90) }),
  "MIC is killed": often(3, { mic, after: fc.nat(60), seconds: fc.nat(10) }),
  "MIC is stopped": often(1, { mic }),
};

type Happenings = typeof happenings;
/** One thing that happens, so many milliseconds after the one before. */
export type Step = {
  [What in keyof Happenings]: {
    readonly what: What;
    readonly how: Happenings[What] extends Often<infer T> ? Readonly<T> : never;
    readonly afterMs: number;
  };
}[keyof Happenings];

/** Everything that a run depends on: the same history runs the same way, down to the last millisecond. */
export type History = {
  readonly isNamespaced: boolean;
  readonly pods: 1 | 2;
  /** Whether machines begin with a system-assigned identity, in the order of their names. */
  readonly systems: readonly boolean[];
  /** What chance there is in latencies, losses and orders. */
  readonly luck: number;
  /** Whether Azure tells etags, and heeds them. */
  readonly hasEtags: boolean;
  /** One of few histories in which a pod has more identities than a change takes: so often it is none. */
  readonly width: number;
  /** What lasts when all other trouble is over. */
  readonly steady: Steady | undefined;
  readonly steps: readonly Step[];
};

const pause = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300) },
  { weight: 3, arbitrary: fc.nat(5_000) },
  { weight: 1, arbitrary: fc.nat(60_000) },
);
const step = fc.oneof(
  ...Object.entries(happenings).map(([what, { weight, how }]) => ({
    weight,
    arbitrary: fc.record({ what: fc.constant(what), how: how as fc.Arbitrary<object>, afterMs: pause }),
  })),
) as unknown as fc.Arbitrary<Step>;

const refusing = fc.constantFrom<Refusing>("named", "unnamed", "missing");
const steady: fc.Arbitrary<Steady> = fc.record({
  refusals: fc.array(refusing, { minLength: 1, maxLength: 3 }),
  churnMs: fc.constantFrom(5_000, 20_000, 60_000),
  isTogether: fc.boolean(),
  node: fc.constantFrom(...USUAL_NODES),
  isCured: fc.boolean(),
});

/** Of so many histories one is wide. */
const WIDE_ONE_OF = 300;

export function isWide({ width }: Pick<History, "width">): boolean {
  return width === WIDE_ONE_OF - 1;
}

export const histories: fc.Arbitrary<History> = fc.record({
  isNamespaced: fc.constantFrom(false, false, false, true),
  pods: fc.constantFrom<1 | 2>(1, 2),
  systems: fc.array(fc.boolean(), { minLength: MACHINE_IDS.length, maxLength: MACHINE_IDS.length }),
  luck: fc.nat(0xffff),
  hasEtags: fc.constantFrom(true, true, true, false),
  width: fc.nat(WIDE_ONE_OF - 1),
  steady: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: steady }),
  steps: fc.array(step, { minLength: 5, maxLength: 40, size: "max" }),
});

/** A history as people read it. */
export function tell(history: History): string {
  const { isNamespaced, pods, systems, luck, hasEtags, steady, steps } = history;
  const mode = isNamespaced ? "namespaced mode" : "any namespace";
  const system = MACHINE_IDS.filter((_, i) => systems[i]).map((id) => id.slice(id.lastIndexOf("/") + 1));
  const head = `${pods} MIC, ${mode}, system-assigned identities on [${system.join(" ")}], luck ${luck}${hasEtags ? "" : ", no etags"}${isWide(history) ? ", wide" : ""}`;
  const tail = steady === undefined ? [] : [`  steady trouble ${JSON.stringify(steady)}`];
  return [
    head,
    ...steps.map(({ what, how, afterMs }) => `  +${afterMs} ms ${what} ${JSON.stringify(how)}`),
    ...tail,
  ].join("\n");
}
