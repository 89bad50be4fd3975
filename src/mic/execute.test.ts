import { describe, expect, it } from "vitest";
import { FakeMachines } from "../../test/support/fake-machines.ts";
import { binding, identity, identityId, node, pod } from "../../test/support/make.ts";
import { snapshot } from "../../test/support/small-cluster.ts";
import { type Assignment, readAssignment, writeAssignment } from "../api/assignment.ts";
import { resourceKey } from "../api/resource-id.ts";
import { planAssignments } from "../assignment/plan.ts";
import type { Drift, MachinePlan } from "../assignment/types.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import type { Announcer } from "./announcer.ts";
import { micEvents } from "./events.ts";
import { executePlan } from "./execute.ts";
import { micMetrics } from "./metrics.ts";
import type { Records, Repairs } from "./ports.ts";

const VM = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-0";
const never = new AbortController().signal;
const idOf = (name: string) => resourceKey(identityId(name));

/** Records that tell what is done to them; `broken` verbs fail. */
class FakeRecords implements Records {
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

function planOf(...over: Parameters<typeof snapshot>): MachinePlan {
  const [plan] = planAssignments(snapshot(...over)).machines;
  if (plan === undefined) throw new Error("the plan is empty");
  return plan;
}

const clock = { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0 };
const names = ["good", "bad"];
const world = {
  nodes: [node("node-0")],
  identities: names.map((name) => identity(name)),
  bindings: names.map((name) => binding(name, { spec: { selector: "demo" } })),
};

async function run(
  plan: MachinePlan,
  records: FakeRecords,
  machines = new FakeMachines(),
  hasSuccessor: (record: Assignment) => boolean = () => false,
) {
  const told: string[] = [];
  const messages: string[] = [];
  const announcer: Announcer = {
    record: ({ reason, about, message }) => {
      told.push(`${reason} ${about.meta.name}`);
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
  return { outcome, told, messages, machines, mended, notMended, doneBefore };
}

describe("executePlan", () => {
  const appear = planOf({ ...world, pods: [pod("a")] });
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
  const vanish = planOf({ nodes: world.nodes, assignments: [record] });

  it("writes records first, then asks Azure, then confirms", async () => {
    const records = new FakeRecords();
    const { outcome, told, machines, doneBefore } = await run(appear, records);
    expect(outcome.fault).toBeUndefined();
    expect(doneBefore).toEqual([["write a-default-bad", "write a-default-good"]]);
    expect(records.done).toEqual([
      "write a-default-bad",
      "write a-default-good",
      "confirm a-default-bad",
      "  Assigned, cleared 0",
      "confirm a-default-good",
      "  Assigned, cleared 0",
    ]);
    expect(machines.on(VM)).toEqual([idOf("bad"), idOf("good")]);
    expect(told).toEqual(["BindingApplied bad-binding", "BindingApplied good-binding"]);
  });

  it("tells of the next record where there is one, and not that the pod's identity went", async () => {
    expect((await run(vanish, new FakeRecords())).told).toEqual(["BindingRemoved good-binding"]);
    const { told } = await run(vanish, new FakeRecords(), new FakeMachines(), () => true);
    expect(told).toEqual(["RecordReplaced good-binding"]);
  });

  it("puts nothing on the machine that has no record", async () => {
    const { outcome, told, machines } = await run(appear, new FakeRecords("write a-default-bad"));
    expect(machines.on(VM)).toEqual([idOf("good")]);
    expect(outcome.fault?.code).toBe("KUBE_ERROR");
    expect(told).toEqual(["BindingApplyError bad-binding", "BindingApplied good-binding"]);
  });

  it("confirms what Azure did although it refused the rest", async () => {
    const machines = new FakeMachines();
    machines.refuse(idOf("bad"));
    const records = new FakeRecords();
    const { outcome, told, messages } = await run(appear, records, machines);
    expect(records.done.slice(2)).toEqual(["confirm a-default-good", "  Assigned, cleared 0"]);
    expect(outcome).toEqual({
      fault: undefined,
      refused: { ids: new Set([idOf("bad")]), retryInMs: machines.retryInMs },
    });
    expect(told).toEqual(["BindingApplyError bad-binding", "BindingApplied good-binding"]);
    expect(messages[0]).toBe(`bad-binding: Azure refuses ${idOf("bad")}; in quarantine`);
  });

  it("looks again when the first of several refused identities is due", async () => {
    const machines = new FakeMachines();
    for (const name of names) machines.refuse(idOf(name));
    const patch = machines.patch.bind(machines);
    machines.patch = async (...args) => {
      const result = await patch(...args);
      const [[first, refusal] = []] = result.refused;
      if (first === undefined || refusal === undefined) throw new Error("nothing is refused");
      return { ...result, refused: new Map([...result.refused, [first, { ...refusal, retryInMs: 7 }]]) };
    };
    const { outcome } = await run(appear, new FakeRecords(), machines);
    expect(outcome.refused).toEqual({ ids: new Set(names.map(idOf)), retryInMs: 7 });
  });

  it("does not tell of others' identities that were refused together with a record's own", async () => {
    const machines = new FakeMachines();
    const facts = { identities: `${identityId("bad")},${identityId("secret")}` };
    const fault = new Fault("ARM_IDENTITY_REFUSED", `no to ${facts.identities}`, { facts });
    const refused = new Map([[idOf("bad"), { fault, retryInMs: 1_000, isNew: true }]]);
    machines.patch = async () => ({ done: new Set([idOf("good")]), refused, fault: undefined });
    const { messages } = await run(appear, new FakeRecords(), machines);
    expect(messages[0]).toMatch(/^bad-binding: Azure refuses \S*bad: /);
    expect(messages.join()).not.toContain("secret");
  });

  it("takes for a failure what Azure left undone without a word", async () => {
    const machines = new FakeMachines();
    machines.patch = async () => ({ done: new Set([idOf("good")]), refused: new Map(), fault: undefined });
    const { outcome, told } = await run(appear, new FakeRecords(), machines);
    expect(outcome.fault?.message).toBe(`Azure did not do all that was asked of ${VM}`);
    expect(told).toEqual(["BindingApplyError bad-binding", "BindingApplied good-binding"]);
  });

  it("does not let a record go whose identity Azure refuses to take off", async () => {
    const machines = new FakeMachines();
    const fault = new Fault("ARM_IDENTITY_REFUSED", "no");
    const refused = new Map([[idOf("good"), { fault, retryInMs: 1_000, isNew: true }]]);
    machines.patch = async () => ({ done: new Set(), refused, fault: undefined });
    const records = new FakeRecords();
    const { told, messages } = await run(vanish, records, machines);
    expect([records.done, told, messages]).toEqual([[], ["BindingRemoveError good-binding"], ["good-binding: no"]]);
  });

  it.each(["missing", "stale"] as const)("mends an identity that is %s, and reports that", async (kind) => {
    const machines = new FakeMachines();
    if (kind === "stale") machines.put(VM, idOf("good"));
    machines.create(idOf("good"), "anew");
    const repair = { kind, machine: VM, resourceId: idOf("good") };
    const refused = { ...repair, resourceId: idOf("bad") };
    machines.refuse(idOf("bad"));
    const plan = { machine: VM, work: [], attach: [], detach: [], forget: [], repair: [repair, refused] };
    const { mended, notMended, outcome } = await run(plan, new FakeRecords(), machines);
    expect((await machines.read(VM)).clientIds).toEqual(new Map([[idOf("good"), "anew"]]));
    expect([mended, outcome.refused?.retryInMs]).toEqual([[repair], machines.retryInMs]);
    expect(notMended).toEqual([`${idOf("bad")}: Azure refuses ${idOf("bad")}`]);
  });

  it.each([
    {
      named: identityId("bad"),
      hears: ["bad-binding: no", "good-binding: it waits for another identity on the machine, which Azure refuses"],
    },
    {
      named: `${identityId("bad")},${identityId("secret")}`,
      hears: [
        `bad-binding: Azure refuses ${idOf("bad")}: check that it exists, and grant MIC the role Managed Identity Operator on it`,
        "good-binding: it waits for another identity on the machine, which Azure refuses",
      ],
    },
    { named: undefined, hears: ["bad-binding: no", "good-binding: no"] },
  ])("tells only its own records which identity Azure refuses: $named", async ({ named, hears }) => {
    const machines = new FakeMachines();
    const facts = named === undefined ? {} : { identities: named };
    machines.failNext(new Fault("ARM_IDENTITY_REFUSED", "no", { facts }));
    const { messages } = await run(appear, new FakeRecords(), machines);
    expect(messages).toEqual(hears);
  });

  it("removes a record only when its identity is off the machine", async () => {
    const machines = new FakeMachines();
    machines.put(VM, idOf("good"));
    machines.failNext(new Fault("ARM_THROTTLED", "slow down", { retryAfterMs: 7_000 }));
    const records = new FakeRecords();
    const first = await run(vanish, records, machines);
    expect(first.outcome.fault?.retryAfterMs).toBe(7_000);
    expect([records.done, first.told]).toEqual([[], ["BindingRemoveError good-binding"]]);

    const second = await run(vanish, records, machines);
    expect([records.done, second.told]).toEqual([["remove a-default-good"], ["BindingRemoved good-binding"]]);
    expect(machines.on(VM)).toEqual([]);
  });

  it("asks Azure nothing when records are all there is to do", async () => {
    const identities = [identity("good", { spec: { type: 1 } })];
    const plan = planOf({
      ...world,
      identities,
      bindings: [binding("good", { spec: { selector: "demo" } })],
      pods: [pod("a")],
    });
    const records = new FakeRecords();
    const { machines, told, doneBefore } = await run(plan, records);
    expect(doneBefore).toEqual([]);
    expect([records.done, machines.patched, told]).toEqual([
      ["write a-default-good"],
      [],
      ["BindingApplied good-binding"],
    ]);
  });

  it("reports the fault that asks for the longest pause", async () => {
    const machines = new FakeMachines();
    machines.failNext(new Fault("ARM_THROTTLED", "slow down", { retryAfterMs: 7_000 }));
    const { outcome } = await run(appear, new FakeRecords("write a-default-bad"), machines);
    expect(outcome.fault?.code).toBe("ARM_THROTTLED");
  });
});
