import { type Assignment, readAssignment, writeAssignment } from "../../src/api/assignment.ts";
import { resourceKey } from "../../src/api/resource-id.ts";
import { planAssignments } from "../../src/assignment/plan.ts";
import type { Drift, MachinePlan } from "../../src/assignment/types.ts";
import { Fault } from "../../src/base/fault.ts";
import { createLog } from "../../src/base/log.ts";
import { Metrics } from "../../src/base/metrics.ts";
import type { Announcer } from "../../src/mic/announcer.ts";
import { micEvents } from "../../src/mic/events.ts";
import { executePlan } from "../../src/mic/execute.ts";
import { micMetrics } from "../../src/mic/metrics.ts";
import type { Records, Repairs } from "../../src/mic/ports.ts";
import { FakeMachines } from "./azure/fake-machines.ts";
import { snapshot } from "./kube/small-cluster.ts";
import { binding, identity, identityId, node, pod } from "./make.ts";

export const VM = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-0";
const never = new AbortController().signal;
export const idOf = (name: string) => resourceKey(identityId(name));

/** Records that tell what is done to them; `broken` verbs fail. */
export class FakeRecords implements Records {
  readonly done: string[] = [];
  readonly #broken: ReadonlySet<string>;

  constructor(...broken: readonly string[]) {
    this.#broken = new Set(broken);
  }

  #do(verb: string, name: string): void {
    this.done.push(`${verb} ${name}`);
    if (this.#broken.has(`${verb} ${name}`)) throw new Fault("KUBE_ERROR", "the API server hiccups");
  }

  async write(...[draft, over]: Parameters<Records["write"]>): Promise<Assignment> {
    this.#do("write", draft.name);
    return readAssignment(writeAssignment(draft, over?.meta));
  }

  async confirm(...[record, { isAssigned, cleared }]: Parameters<Records["confirm"]>): Promise<void> {
    this.#do("confirm", record.meta.name);
    this.done.push(`  ${isAssigned ? "Assigned" : "as it was"}, cleared ${cleared.length}`);
  }

  async remove(record: Assignment): Promise<void> {
    this.#do("remove", record.meta.name);
  }
}

export function planOf(...over: Parameters<typeof snapshot>): MachinePlan {
  const [plan] = planAssignments(snapshot(...over)).machines;
  if (plan === undefined) throw new Error("the plan is empty");
  return plan;
}

const clock = { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0 };
export const names = ["good", "bad"];
export const world = {
  nodes: [node("node-0")],
  identities: names.map((name) => identity(name)),
  bindings: names.map((name) => binding(name, { spec: { selector: "demo" } })),
};

export async function carryOut(
  plan: MachinePlan,
  records: FakeRecords,
  machines = new FakeMachines(),
  hasSuccessor: (record: Assignment) => boolean = () => false,
) {
  const told: string[] = [];
  const texts: string[] = [];
  const messages: string[] = [];
  const announcer: Announcer = {
    record: ({ reason, about, message }) => {
      told.push(`${reason} ${about.meta.name}`);
      texts.push(message);
      messages.push(`${about.meta.name}: ${message.split(", error: ")[1]}`);
    },
  };
  const log = createLog({ write: () => {} });
  const events = micEvents({ log, metrics: new Metrics(micMetrics), announcer, findPod: () => undefined, clock });
  const mended: Drift[] = [];
  const notMended: string[] = [];
  const repairs: Repairs = {
    mended: (drifts) => void mended.push(...drifts),
    refused: ({ resourceId }, { fault }) => notMended.push(`${resourceId}: ${fault.message}`),
  };
  /** What had been done to records when only Azure was waited for. */
  const doneBefore: string[][] = [];
  const asksAzure = () => void doneBefore.push([...records.done]);
  const neededOn = () => new Set<string>();
  const ports = { records, hasSuccessor, machines, neededOn, events, repairs, writesAtOnce: 1, asksAzure };
  const outcome = await executePlan(plan, ports, never);
  return { outcome, told, texts, messages, machines, mended, notMended, doneBefore };
}

/** A pod comes that gets two identities. */
export const appear = planOf({ ...world, pods: [pod("a")] });
const record = readAssignment(
  writeAssignment({
    name: "a-default-good",
    namespace: "default",
    identity: identity("good"),
    binding: binding("good"),
    pod: "a",
    podNamespace: "default",
    nodeName: "node-0",
    state: "Assigned",
    machine: VM,
    leftovers: [],
  }),
);
/** The pod of an Assigned record is gone. */
export const vanish = planOf({ nodes: world.nodes, assignments: [record] });
