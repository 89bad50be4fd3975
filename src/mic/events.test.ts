import { describe, expect, it } from "vitest";
import { binding, identity } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { kinds } from "../api/kinds.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import type { EventNote } from "../kube/events.ts";
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

function start() {
  const lines: string[] = [];
  const told: string[] = [];
  const notes: EventNote[] = [];
  const announcer: Announcer = {
    record: (note) => {
      notes.push(note);
      told.push(note.reason);
    },
  };
  const log = createLog({ write: (line) => lines.push(line) });
  const metrics = new Metrics(micMetrics);
  const events = micEvents({ log, metrics, announcer, findPod: () => undefined, clock: new FakeClock() });
  return { events, lines, told, notes, metrics };
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

  it("says whose change of a machine MIC waits for, and how long", () => {
    const { events, lines } = start();
    events.machineBusy("vm-0", "Updating", 120_000);
    expect(lines).toEqual([
      expect.stringContaining(
        "somebody else is changing vm-0 in Azure (Updating): MIC changes it once that is done, or in 120 s",
      ),
    ]);
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

  it("logs what Azure says of a refusal that nobody knows, which is not for the pod to hear", () => {
    const { events, lines, notes } = start();
    const fault = new Fault("ARM_IDENTITY_REFUSED", "MIC's log holds it", { facts: { azure: "vm-0 is odd" } });
    events.refused(bond, { fault, retryInMs: 60_000, isNew: true });
    expect(lines).toEqual([expect.stringContaining("vm-0 is odd")]);
    expect(notes[0]?.message).not.toContain("vm-0 is odd");
  });

  it("tells of a refused identity whenever Azure was asked, and once to whoever comes while it is in quarantine", () => {
    const { events, lines, told, notes } = start();
    const refusal = { fault: new Fault("ARM_IDENTITY_REFUSED", "grant the role"), retryInMs: 60_000 };
    const late = { ...bond, pod: "late" };
    for (const isNew of [true, false, true, false]) events.refused(bond, { ...refusal, isNew });
    for (const isNew of [false, false]) events.refused(late, { ...refusal, isNew });
    expect(told).toHaveLength(3);
    expect(lines[2]).toMatch(/default\/late, error: grant the role; quarantined until 2026-01-01T00:01:00Z/);
    // Equal events are one with a count.
    expect(new Set(notes.slice(0, 2).map(({ message }) => message)).size).toBe(1);
    expect(notes[2]?.message).toMatch(/error: grant the role; in quarantine$/);

    events.removed(late);
    events.refused(late, { ...refusal, isNew: false }); // another pod of that name
    expect(told.at(-1)).toBe("BindingApplyError");
  });

  it("tells what becomes of a pod's identity, its removal too, by a reason of one word and the names of both", () => {
    const { events, notes } = start();
    const fault = new Fault("ARM_ERROR", "Azure hiccups");
    events.assigned(bond);
    events.notAssigned(bond, fault);
    events.refused(bond, { fault, retryInMs: 1_000, isNew: true });
    events.removed(bond);
    events.replaced(bond);
    events.notRemoved(bond, fault);
    expect(notes.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Normal BindingApplied",
      "Warning BindingApplyError",
      "Warning BindingApplyError",
      "Normal BindingRemoved",
      "Normal RecordReplaced",
      "Warning BindingRemoveError",
    ]);
    for (const { message } of notes) expect(message).toMatch(/ default\/demo-binding .*vm-0 for pod default\/web\b/);
  });

  it("counts a write of a record once, as done or as failed, and says nothing about counting", async () => {
    const { events, metrics, lines } = start();
    const fault = new Fault("KUBE_ERROR", "the API server hiccups");
    events.recordWritten({ operation: "update", durationMs: 20, fault: undefined });
    events.recordWritten({ operation: "update", durationMs: 20, fault });
    events.recordWritten({ operation: "status", durationMs: 20, fault });
    const { body } = await metrics.expose();
    const counts = [...body.matchAll(/^aadpodidentity_(\S+_count\S* [1-9]\d*)$/gm)].map(([, line]) => line);
    const failed = "kubernetes_api_operations_errors_count";
    expect(counts.toSorted()).toEqual([
      "assigned_identity_update_count 1",
      "assigned_identity_update_duration_seconds_count 1",
      `${failed}{operation_type="assigned_identity_update"} 1`,
      `${failed}{operation_type="update_azure_assigned_identity_status"} 1`,
    ]);
    expect(lines).toEqual([]);
  });

  it("tells Azure's code beside ours, which faults are listed by", () => {
    const { events, lines } = start();
    const facts = { code: "AuthorizationFailed", status: 403 };
    events.machineFailed("vm-0", new Fault("ARM_FORBIDDEN", "no", { facts }), 1_000);
    expect(lines[0]).toMatch(/code="ARM_FORBIDDEN" azureCode="AuthorizationFailed" status=403 retryInSeconds=1$/m);
  });

  it.each([
    { code: "ARM_THROTTLED", says: "Azure has no room for our calls" },
    { code: "ARM_UNREACHABLE", says: "Azure does not answer our calls" },
    { code: "ENTRA_UNREACHABLE", says: "Azure does not answer our calls" },
  ] as const)("says why calls are held back, $code", ({ code, says }) => {
    const { events, lines } = start();
    events.breakerChanged("open", "sub", new Fault(code, "no"));
    expect(lines[0]).toMatch(new RegExp(`${says}: they are held back for a while subscription="sub" code="${code}"`));
  });

  it("names the part of MIC that speaks", () => {
    const { events, lines } = start();
    events.leading();
    events.machineFailed("vm-0", new Fault("ARM_ERROR", "no"), 1_000);
    events.assigned(bond);
    events.driftFailed(new Fault("UNEXPECTED", "no"));
    expect(lines.map((line) => / (\S+)\] /.exec(line)?.[1])).toEqual(["sync", "machines", "records", "drift"]);
  });

  it("shows the breaker of the subscription that is worst off, and says when one opens and closes", async () => {
    const { events, lines, metrics } = start();
    const value = async () => /breaker_state (\d)$/m.exec((await metrics.expose()).body)?.[1];
    const seen: unknown[] = [];
    for (const [state, subscription] of [
      ["closed", "a"],
      ["open", "a"],
      ["half-open", "b"],
      ["half-open", "a"],
      ["closed", "a"],
      ["closed", "b"],
    ] as const) {
      events.breakerChanged(state, subscription);
      seen.push(await value());
    }
    expect(seen).toEqual(["0", "2", "2", "1", "1", "0"]);
    expect(lines.map((line) => line[0])).toEqual(["W", "I", "I"]);
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
