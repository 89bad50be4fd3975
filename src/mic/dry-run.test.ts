import { describe, expect, it } from "vitest";
import { snapshot } from "../../test/support/kube/small-cluster.ts";
import { binding, identity, pod } from "../../test/support/make.ts";
import { demo, id, record, vm, world } from "../../test/support/plan-lines.ts";
import { planAssignments } from "../assignment/plan.ts";
import type { Snapshot } from "../assignment/types.ts";
import { dryRun, planJson, planText } from "./dry-run.ts";

const on = (name: string, nodeName: string) => pod(name, { spec: { nodeName } });
const principal = {
  identity: identity("sp", { spec: { type: 1, clientPassword: { name: "secret", namespace: "vault" } } }),
  binding: binding("sp"),
};
const busy = snapshot({
  ...world,
  identities: [demo.identity, principal.identity],
  bindings: [demo.binding, principal.binding],
  pods: [pod("new"), on("kept", "node-1"), on("sp", "node-1"), pod("nobody", { selector: "none" })].map((one) =>
    one.meta.name === "sp" ? pod("sp", { selector: "sp" }) : one,
  ),
  assignments: [
    record({ ...demo, pod: pod("old") }, "Created"),
    record({ ...demo, pod: on("kept", "node-1") }, "Assigned", {
      leftovers: [{ machine: vm("gone"), resourceId: id("demo") }],
    }),
    record({ ...demo, pod: on("left", "gone") }, "Assigned"),
  ],
  drift: [{ machine: vm("node-1"), resourceId: id("demo"), kind: "stale" }],
});
const text = (seen: Snapshot) => planText(planAssignments(seen), seen);

describe("a dry run", () => {
  it("tells machine by machine what would be done, and why something is left out", () => {
    expect(text(busy)).toBe(`Found 4 pods, 2 ids, 2 bindings: 3 AzureAssignedIdentities shall exist.
AzureAssignedIdentities that concern no machine
  + create AzureAssignedIdentity default/sp-default-sp: pod default/sp, identity default/sp
machine ${vm("gone")}
  ~ clear AzureAssignedIdentity default/kept-default-demo: pod default/kept, identity default/demo
  - remove AzureAssignedIdentity default/left-default-demo: pod default/left, identity default/demo
  - detach ${id("demo")}
machine ${vm("node-0")}
  + create AzureAssignedIdentity default/new-default-demo: pod default/new, identity default/demo
  + attach ${id("demo")}
machine ${vm("node-1")}
  ~ repair ${id("demo")}: take off and put on again, it was made anew
left out:
  pod default/nobody: no binding has the selector none (pod-unbound)
4 to work on; nothing was changed
Azure was not asked: identities taken off behind MIC's back are not seen, nor which of those to detach are pinned
`);
  });

  it("says the same to programs", () => {
    const json = planJson(planAssignments(busy));
    expect([json.wanted, json.azureAsked]).toEqual([3, false]);
    expect(json.machines.map(({ machine }) => machine)).toEqual(["", vm("gone"), vm("node-0"), vm("node-1")]);
    expect(json.machines[1]).toEqual({
      machine: vm("gone"),
      records: [
        {
          action: "clear",
          record: "default/kept-default-demo",
          pod: "default/kept",
          identity: "default/demo",
        },
        { action: "remove", record: "default/left-default-demo", pod: "default/left", identity: "default/demo" },
      ],
      attach: [],
      detach: [id("demo")],
      repair: [],
    });
    expect(json.machines[3]?.repair).toEqual([{ identity: id("demo"), kind: "stale" }]);
    expect(json.notes).toEqual([
      { code: "pod-unbound", pod: "default/nobody", reason: "no binding has the selector none" },
    ]);
  });

  it("names records that are rewritten or confirmed", () => {
    const [a, b] = [pod("a"), pod("b")];
    const edited = record({ ...demo, identity: identity("demo", { spec: { clientID: "before" } }), pod: a });
    const assignments = [edited, record({ ...demo, pod: b }, "Created")];
    const plan = planAssignments(snapshot({ ...world, pods: [a, b], assignments }));
    const actions = planJson(plan).machines[0]?.records.map(({ action, record }) => `${action} ${record}`);
    expect(actions).toEqual(["rewrite default/a-default-demo", "confirm default/b-default-demo"]);
  });

  it("is the same in whatever order things are listed", () => {
    const turned = {
      ...busy,
      pods: busy.pods.toReversed(),
      assignments: busy.assignments.toReversed(),
      identities: busy.identities.toReversed(),
    };
    expect(text(turned)).toBe(text(busy));
    expect(planJson(planAssignments(turned))).toEqual(planJson(planAssignments(busy)));
  });

  it("says when there is nothing to do", () => {
    expect(text(snapshot(world)).split("\n").slice(0, 2)).toEqual([
      "Found 0 pods, 1 ids, 1 bindings: 0 AzureAssignedIdentities shall exist.",
      "nothing to do",
    ]);
  });

  it("names records that stay for machines that MIC may not change", () => {
    const machine = vm("x").replace("/sub/", "/theirs/");
    const seen = snapshot({
      assignments: [
        record({ ...demo, pod: pod("a") }, "Unassigned", { leftovers: [{ machine, resourceId: id("demo") }] }),
      ],
    });
    expect(planJson(planAssignments(seen)).notes).toMatchObject([
      { code: "record-foreign", record: "default/a-default-demo" },
    ]);
    expect(text(seen)).toContain("\n  AzureAssignedIdentity default/a-default-demo: demo may still be on");
  });

  it("gives nobody a line of their own making", () => {
    const evil = identity("evil", { spec: { resourceID: "x\nmachine /subscriptions/s" } });
    expect(text(snapshot({ ...world, identities: [demo.identity, evil] }))).toContain('"x\\u000amachine');
  });

  it.each(["text", "json"] as const)("prints %s, and no reference to a secret", (format) => {
    const printed: string[] = [];
    dryRun({ snapshot: () => busy, format, write: (one) => printed.push(one) });
    const [all = ""] = printed;
    expect(all).not.toMatch(/vault|clientPassword/i);
    if (format === "json") expect(JSON.parse(all)).toEqual(planJson(planAssignments(busy)));
    else expect(all).toBe(text(busy));
  });
});
