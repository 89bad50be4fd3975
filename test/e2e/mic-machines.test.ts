import { describe, expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { hostLeader, onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { MicKubernetes } from "../support/mic/kubernetes.ts";
import { settled } from "../support/time/settled.ts";

/** What MIC does to VMs and scale sets, on a real API server. Each test has machines of its own. */

let at: MicKubernetes;
let pinned: { readonly id: string; readonly clientId: string };

onKubernetes("machines and what they carry", () => {
  hostLeader(async (own) => {
    at = own;
    pinned = await at.identity("pinned");
    return [`--immutable-user-msis=${pinned.clientId.toUpperCase()}`, "--identity-assignment-reconcile-interval=2s"];
  });
  const statesOf = (prefix: string) => settled(() => at.states(prefix));
  const carriedBy = (machine: string) => settled(() => at.world.identitiesOn(machine));
  /** What an operator does in the portal, behind MIC's back. */
  const carry = (machineId: string, ...ids: readonly string[]) => {
    const machine = at.world.machine(machineId);
    const found = ids.map((id) => [id.toLowerCase(), at.world.identity(id)] as const);
    const userAssigned = new Map(found.flatMap(([key, one]) => (one === undefined ? [] : [[key, one] as const])));
    if (machine !== undefined) at.world.changeIdentity(machine, { ...machine.identity, userAssigned }, 0);
  };

  describe.concurrent("side by side", () => {
    it("keeps an identity on a scale set until its last pod there is gone, and on another scale set longer", async () => {
      const [first, second] = [await at.scaleSet("set1", 2), await at.scaleSet("set2", 1)];
      const { id } = await at.identity("set");
      await at.pod("set-a", { node: "set1-0", selector: "set" });
      await at.pod("set-b", { node: "set1-1", selector: "set" });
      await at.pod("set-c", { node: "set2-0", selector: "set" });
      await statesOf("set-").toEqual(["a", "b", "c"].map((one) => `set-${one}-default-set Assigned`));
      expect([at.world.identitiesOn(first), at.world.identitiesOn(second)]).toEqual([[id], [id]]);

      await at.remove(kinds.pod, "set-a");
      await statesOf("set-").toEqual(["set-b-default-set Assigned", "set-c-default-set Assigned"]);
      expect(at.world.identitiesOn(first)).toEqual([id]);

      await at.remove(kinds.pod, "set-b");
      await statesOf("set-").toEqual(["set-c-default-set Assigned"]);
      expect([at.world.identitiesOn(first), at.world.identitiesOn(second)]).toEqual([[], [id]]);
    });

    it("takes an identity off a scale set when the node of its last pod has vanished", async () => {
      const set = await at.scaleSet("shrunk", 2);
      await at.identity("shrunk");
      await at.pod("shrunk-web", { node: "shrunk-1", selector: "shrunk" });
      await statesOf("shrunk-").toEqual(["shrunk-web-default-shrunk Assigned"]);
      await at.remove(kinds.node, "shrunk-1");
      await at.remove(kinds.pod, "shrunk-web");
      await statesOf("shrunk-").toEqual([]);
      await carriedBy(set).toEqual([]);
    });

    it("goes on with other machines when half of them vanish with their pods", async () => {
      const names = Array.from({ length: 10 }, (_, n) => `half-${n}`);
      const machines = await Promise.all(names.map((name) => at.vm(name)));
      await at.identity("half");
      await Promise.all(names.map((name) => at.pod(`${name}-pod`, { node: name, selector: "half" })));
      await statesOf("half-").toEqual(names.map((name) => `${name}-pod-default-half Assigned`));
      for (const [n, name] of names.slice(0, 5).entries()) {
        at.world.deleteMachine(machines[n] ?? "");
        await at.remove(kinds.node, name);
        await at.remove(kinds.pod, `${name}-pod`);
      }
      await at.pod("half-9-more", { node: "half-9", selector: "half" });
      const left = names.slice(5).map((name) => `${name}-pod-default-half Assigned`);
      await statesOf("half-").toEqual([...left, "half-9-more-default-half Assigned"].toSorted());
    });

    it("is not held up by an identity that was taken off by hand before its pod goes", async () => {
      const vm = await at.vm("byhand");
      await at.identity("byhand");
      await at.pod("byhand-web", { node: "byhand", selector: "byhand" });
      await statesOf("byhand-").toEqual(["byhand-web-default-byhand Assigned"]);
      carry(vm);
      await at.remove(kinds.pod, "byhand-web");
      await statesOf("byhand-").toEqual([]);
      await carriedBy(vm).toEqual([]);
    });

    it("puts back an identity that was taken off by hand while its pod lives", async () => {
      const [vm, set] = [await at.vm("back"), await at.scaleSet("backset", 1)];
      const { id } = await at.identity("back");
      await at.pod("back-a", { node: "back", selector: "back" });
      await at.pod("back-b", { node: "backset-0", selector: "back" });
      await statesOf("back-").toEqual(["back-a-default-back Assigned", "back-b-default-back Assigned"]);
      for (const machine of [vm, set]) carry(machine);
      for (const machine of [vm, set]) await carriedBy(machine).toEqual([id]);
      expect(await at.states("back-")).toEqual(["back-a-default-back Assigned", "back-b-default-back Assigned"]);
    });

    it("leaves the machine's own identity as it is", async () => {
      const vm = await at.vm("own", { systemAssigned: true });
      const before = at.world.machine(vm)?.identity.systemAssigned;
      const { id } = await at.identity("own");
      await at.pod("own-web", { node: "own", selector: "own" });
      await statesOf("own-").toEqual(["own-web-default-own Assigned"]);
      expect(at.world.identitiesOn(vm)).toEqual([id]);
      await at.remove(kinds.pod, "own-web");
      await statesOf("own-").toEqual([]);
      await carriedBy(vm).toEqual([]);
      expect(before).toBeDefined();
      expect(at.world.machine(vm)?.identity.systemAssigned).toEqual(before);
    });

    it("leaves an identity alone that somebody else has put on the machine", async () => {
      const theirs = at.azureIdentity("theirs").id;
      const vm = await at.vm("beside", { userAssigned: [theirs] });
      const { id } = await at.identity("beside");
      await at.pod("beside-web", { node: "beside", selector: "beside" });
      await carriedBy(vm).toEqual([id, theirs].toSorted());
      await statesOf("beside-").toEqual(["beside-web-default-beside Assigned"]);
      await at.remove(kinds.pod, "beside-web");
      await statesOf("beside-").toEqual([]);
      expect(at.world.identitiesOn(vm)).toEqual([theirs]);
    });

    it("never takes a pinned identity off, on VMs and scale sets", async () => {
      const [vm, set] = [await at.vm("pin"), await at.scaleSet("pinset", 2)];
      const places = { "pin-a": "pin", "pin-b": "pinset-0", "pin-c": "pinset-1" };
      for (const [name, node] of Object.entries(places)) await at.pod(name, { node, selector: "pinned" });
      const names = Object.keys(places);
      await statesOf("pin-").toEqual(names.map((name) => `${name}-default-pinned Assigned`));
      for (const [n, name] of names.entries()) {
        await at.remove(kinds.pod, name);
        await statesOf("pin-").toEqual(names.slice(n + 1).map((one) => `${one}-default-pinned Assigned`));
        expect([at.world.identitiesOn(vm), at.world.identitiesOn(set)]).toEqual([[pinned.id], [pinned.id]]);
      }
    });
  });
});
