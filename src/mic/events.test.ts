import { describe, expect, it } from "vitest";
import { binding, identity } from "../../test/support/make.ts";
import { kinds } from "../api/kinds.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { refusal } from "../kube/faults.ts";
import type { Announcer } from "./announcer.ts";
import { micEvents } from "./events.ts";
import { micMetrics } from "./metrics.ts";

const bond = {
  pod: "web",
  podNamespace: "default",
  nodeName: "vm-0",
  binding: binding("demo"),
  identity: identity("demo"),
};

const clock = { now: () => Date.UTC(2026, 0, 1) };

function start() {
  const lines: string[] = [];
  const told: string[] = [];
  const announcer: Announcer = { record: ({ reason }) => told.push(reason) };
  const log = createLog({ write: (line) => lines.push(line) });
  const events = micEvents({ log, metrics: new Metrics(micMetrics), announcer, findPod: () => undefined, clock });
  return { events, lines, told };
}

function conflict(verb: "create" | "update"): Fault {
  const action = { verb, kind: kinds.assignment, namespace: "default", name: "web-default-demo" };
  return refusal(action, { status: 409, body: "" });
}

describe("micEvents", () => {
  it("keeps quiet when somebody was quicker, since the work is repeated with what is there now", () => {
    const { events, lines, told } = start();
    events.notAssigned(bond, conflict("update"));
    events.notRemoved(bond, conflict("update"));
    events.machineFailed("vm-0", conflict("update"), 1_000);
    expect([lines, told]).toEqual([[], []]);
  });

  it("tells that a record is in the way which MIC does not know of, since that does not pass by itself", () => {
    const { events, lines, told } = start();
    events.notAssigned(bond, conflict("create"));
    events.machineFailed("vm-0", conflict("create"), 1_000);
    expect(told).toEqual(["BindingApplyError"]);
    expect(lines).toEqual([
      expect.stringContaining("refused to create AzureAssignedIdentity default/web-default-demo"),
      expect.stringContaining("failed to update user-assigned identities on node vm-0"),
    ]);
  });

  it("tells of a refused identity whenever Azure was asked, and once to whoever comes while it is in quarantine", () => {
    const { events, lines, told } = start();
    const refusal = { fault: new Fault("ARM_IDENTITY_REFUSED", "grant the role"), retryInMs: 60_000 };
    const late = { ...bond, pod: "late" };
    for (const isNew of [true, false, true, false]) events.refused(bond, { ...refusal, isNew });
    for (const isNew of [false, false]) events.refused(late, { ...refusal, isNew });
    expect(told).toHaveLength(3);
    expect(lines[2]).toMatch(/default\/late, error: grant the role; quarantined until 2026-01-01T00:01:00Z/);

    events.removed(late);
    events.refused(late, { ...refusal, isNew: false }); // another pod of that name
    expect(told.at(-1)).toBe("BindingApplyError");
  });

  it("names no node where records concern none", () => {
    const { events, lines } = start();
    events.machineStarted({ machine: "", work: [], attach: [], detach: [], repair: [], forget: [] });
    events.machineFailed("", new Fault("KUBE_ERROR", "the API server hiccups"), 1_000);
    expect(lines).toEqual([
      expect.stringContaining("processing records that concern no node, add [], del [], update []"),
      expect.stringContaining("failed to update records that concern no node, error: the API server hiccups"),
    ]);
  });
});
