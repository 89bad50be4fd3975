import { describe, expect, it } from "vitest";
import { snapshot } from "../../test/support/kube/small-cluster.ts";
import { binding, identity, node, pod } from "../../test/support/make.ts";
import { record, vm } from "../../test/support/plan-lines.ts";
import { planAssignments } from "../assignment/plan.ts";
import type { Snapshot } from "../assignment/types.ts";
import { createLog } from "../base/log.ts";
import { NoteTeller } from "./note-events.ts";

function start() {
  const lines: string[] = [];
  const told: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.replace(/^(.).*?\] /, "$1 ").trim()) });
  const announcer = {
    record: (note: { reason: string; message: string; about: { kind: { kind: string }; meta: { name: string } } }) =>
      told.push(`${note.about.kind.kind} ${note.about.meta.name} ${note.reason}: ${note.message}`),
  };
  const teller = new NoteTeller({ log, announcer });
  return { lines, told, tell: (over: Partial<Snapshot>) => teller.tell(planAssignments(snapshot(over)).notes) };
}

const demo = { nodes: [node("node-0")], identities: [identity("demo")], bindings: [binding("demo")] };

const theirs = { machine: vm("x").replace("/sub/", "/theirs/") };

describe("NoteTeller", () => {
  it.each([
    {
      given: { pods: [pod("a", { selector: "x" })] },
      line: /^I No AzureIdentityBinding found for pod default\/a that matches selector: x\. it will be ignored/,
      told: "Pod a NoBinding: no binding has the selector x",
    },
    {
      given: { pods: [pod("a", { spec: { nodeName: "" } })] },
      line: /^I pod default\/a has no assigned node yet\. it will be ignored/,
      told: undefined,
    },
    {
      given: { pods: [pod("a", { status: { phase: "Failed" } })] },
      line: /^I pod default\/a has finished/,
      told: undefined,
    },
    {
      given: { pods: [pod("a")], nodes: [node("node-0", "aws:///i-1")] },
      line: /^W node of pod default\/a is not a machine of Azure/,
      told: "Pod a NodeForeign: the providerID of node node-0 is not a VM or scale set of Azure",
    },
    {
      given: {
        assignments: [
          record({ identity: identity("demo"), binding: binding("demo"), pod: pod("a") }, "Assigned", theirs),
        ],
      },
      line: /^W AzureAssignedIdentity default\/a-default-demo stays, since MIC may not change its machine/,
      told: `AzureAssignedIdentity a-default-demo MachineForeign: demo may still be on ${theirs.machine}, which MIC may not change: correct azure.json, name its scope in --machine-scopes, or delete the record to let it go`,
    },
    {
      given: { identities: [] },
      line: /^W binding default\/demo-binding has no identity/,
      told: "AzureIdentityBinding demo-binding IdentityMissing: there is no AzureIdentity default/demo",
    },
    {
      given: { identities: [identity("demo", { spec: { type: 5 } })] },
      line: /^E ignoring azure identity default\/demo, error: unknown type 5/,
      told: "AzureIdentity demo IdentityInvalid: it is ignored: unknown type 5: set spec.type to 0 (user-assigned identity), 1 (service principal with client secret), 2 (service principal with certificate)",
    },
  ])("tells $told", ({ given, line, told }) => {
    const t = start();
    t.tell({ ...demo, ...given });
    expect(t.lines).toEqual([expect.stringMatching(line)]);
    expect(t.told).toEqual(told === undefined ? [] : [told]);
  });

  it("tells each thing once while it lasts, and again when it comes back or changes", () => {
    const t = start();
    const wrong = (resourceID: string) => ({ ...demo, identities: [identity("demo", { spec: { resourceID } })] });
    for (const over of [wrong("x"), wrong("x"), wrong("y"), demo, wrong("y")]) t.tell(over);
    expect(t.lines).toHaveLength(3);
  });
});
