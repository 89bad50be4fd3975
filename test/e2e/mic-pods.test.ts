import { describe, expect, it } from "vitest";
import { BINDING_LABEL, kinds } from "../../src/api/kinds.ts";
import { chances } from "../support/chances.ts";
import { hostLeader, onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { MicKubernetes } from "../support/mic/kubernetes.ts";
import { settled } from "../support/time/settled.ts";

/** What MIC does for pods, on a real API server that allows it what the manifests do. Each test has machines of its own. */

let at: MicKubernetes;

onKubernetes("pods and their identities", () => {
  hostLeader(async (own) => {
    at = own;
    return [];
  });
  const statesOf = (prefix: string) => settled(() => at.states(prefix));
  const carriedBy = (machine: string) => settled(() => at.world.identitiesOn(machine));

  describe.concurrent("side by side", () => {
    it("gives a pod its identity, records where, and takes it off when the pod goes", async () => {
      const vm = await at.vm("one");
      const { id, clientId } = await at.identity("one");
      await at.pod("one-web", { node: "one", selector: "one" });
      await statesOf("one-").toEqual(["one-web-default-one Assigned"]);
      expect(at.world.identitiesOn(vm)).toEqual([id]);
      const [record] = await at.records("one-");
      expect(record).toMatchObject({
        meta: { namespace: "default" },
        podNamespace: "default",
        nodeName: "one",
        identity: { clientId, resourceId: id },
        binding: { meta: { name: "one" } },
      });

      await at.remove(kinds.pod, "one-web");
      await statesOf("one-").toEqual([]);
      expect(at.world.identitiesOn(vm)).toEqual([]);
      expect(at.world.machine(vm)?.identity).toMatchObject({ systemAssigned: undefined });
    });

    it.each([
      { what: "AzureIdentity", kind: kinds.identity, name: "gone-identity" },
      { what: "AzureIdentityBinding", kind: kinds.binding, name: "gone-binding" },
    ])("takes the identity off when the $what is deleted", async ({ kind, name }) => {
      const vm = await at.vm(name);
      await at.identity(name);
      await at.pod(`${name}-web`, { node: name, selector: name });
      await statesOf(name).toEqual([`${name}-web-default-${name} Assigned`]);
      await at.remove(kind, name);
      await statesOf(name).toEqual([]);
      await carriedBy(vm).toEqual([]);
    });

    it("follows an AzureIdentity that is edited in place", async () => {
      const vm = await at.vm("edited");
      await at.identity("edited");
      const other = at.azureIdentity("edited-to");
      await at.pod("edited-web", { node: "edited", selector: "edited" });
      await statesOf("edited-").toEqual(["edited-web-default-edited Assigned"]);
      await at.change(kinds.identity, "edited", { spec: { resourceID: other.id, clientID: other.clientId } });
      await carriedBy(vm).toEqual([other.id]);
      await statesOf("edited-").toEqual(["edited-web-default-edited Assigned"]);
      const [record] = await at.records("edited-");
      expect(record?.identity).toMatchObject({ resourceId: other.id, clientId: other.clientId });
    });

    it("gives a pod all identities whose bindings select it", async () => {
      const vm = await at.vm("two");
      const first = await at.identity("two-a", { selector: "two" });
      const second = await at.identity("two-b", { selector: "two" });
      await at.pod("two-web", { node: "two", selector: "two" });
      await statesOf("two-").toEqual(["two-web-default-two-a Assigned", "two-web-default-two-b Assigned"]);
      expect(at.world.identitiesOn(vm)).toEqual([first.id, second.id]);
    });

    it("follows a pod of the same name to another node", async () => {
      const [from, to] = [await at.vm("move-from"), await at.vm("move-to")];
      const { id } = await at.identity("move");
      await at.pod("move-web", { node: "move-from", selector: "move" });
      await statesOf("move-").toEqual(["move-web-default-move Assigned"]);
      await at.remove(kinds.pod, "move-web");
      await at.pod("move-web", { node: "move-to", selector: "move" });
      await carriedBy(to).toEqual([id]);
      await carriedBy(from).toEqual([]);
      await statesOf("move-").toEqual(["move-web-default-move Assigned"]);
      const [record] = await at.records("move-");
      expect(record).toMatchObject({ nodeName: "move-to", meta: { labels: { nodename: "move-to" } } });
    });

    it("follows the label of a pod to another identity", async () => {
      const vm = await at.vm("label");
      await at.identity("label-a");
      const other = await at.identity("label-b");
      await at.pod("label-web", { node: "label", selector: "label-a" });
      await statesOf("label-").toEqual(["label-web-default-label-a Assigned"]);
      await at.change(kinds.pod, "label-web", { metadata: { labels: { [BINDING_LABEL]: "label-b" } } });
      await statesOf("label-").toEqual(["label-web-default-label-b Assigned"]);
      await carriedBy(vm).toEqual([other.id]);
    });

    it("takes up a change, an addition and a deletion that come at once", async () => {
      const names = [0, 1, 2].map((n) => `once-${n}`);
      for (const name of names) {
        await at.vm(name);
        await at.identity(name);
        await at.pod(`${name}-pod`, { node: name, selector: name });
      }
      await statesOf("once-").toEqual(names.map((name) => `${name}-pod-default-${name} Assigned`));
      const other = at.azureIdentity("once-other");
      await Promise.all([
        at.change(kinds.identity, "once-0", { spec: { resourceID: other.id, clientID: other.clientId } }),
        at.identity("once-more", { selector: "once-2" }),
        at.remove(kinds.pod, "once-1-pod"),
      ]);
      await statesOf("once-").toEqual([
        "once-0-pod-default-once-0 Assigned",
        "once-2-pod-default-once-2 Assigned",
        "once-2-pod-default-once-more Assigned",
      ]);
      await settled(async () => (await at.records("once-0"))[0]?.identity.clientId).toEqual(other.clientId);
    });

    it("takes identities off as AzureIdentities are deleted in any order, and leaves the others alone", async () => {
      const { seed, below } = chances();
      process.stdout.write(`order of deletion: seed ${seed}\n`);
      const left = [0, 1, 2, 3, 4].map((n) => `any-${n}`);
      const names = Array.from({ length: 5 }, () => left.splice(below(left.length), 1)).flat();
      const machines = new Map<string, string>();
      for (const name of names) {
        machines.set(name, await at.vm(name));
        await at.identity(name);
        await at.pod(`${name}-pod`, { node: name, selector: name });
      }
      await settled(async () => (await at.states("any-")).length).toEqual(5);
      for (const [i, name] of names.entries()) {
        await at.remove(kinds.identity, name);
        const left = names.slice(i + 1).toSorted();
        await statesOf("any-").toEqual(left.map((one) => `${one}-pod-default-${one} Assigned`));
        for (const one of left) expect(at.world.identitiesOn(machines.get(one) ?? "")).toHaveLength(1);
        expect(at.world.identitiesOn(machines.get(name) ?? "")).toEqual([]);
      }
    });

    it("serves forty pods of five identities on four machines", async () => {
      const machines = await Promise.all([0, 1, 2, 3].map((n) => at.vm(`forty-${n}`)));
      const identities = await Promise.all([0, 1, 2, 3, 4].map((n) => at.identity(`forty-${n}`)));
      const pods = Array.from({ length: 40 }, (_, n) => `forty-pod-${n}`);
      await Promise.all(pods.map((name, n) => at.pod(name, { node: `forty-${n % 4}`, selector: `forty-${n % 5}` })));
      const all = pods.map((name, n) => `${name}-default-forty-${n % 5} Assigned`).toSorted();
      await statesOf("forty-").toEqual(all);
      for (const machine of machines) {
        expect(at.world.identitiesOn(machine)).toEqual(identities.map(({ id }) => id).toSorted());
      }
    });

    it.each(["Succeeded", "Failed"])("takes the identity off a pod that has %s", async (phase) => {
      const name = `end-${phase.toLowerCase()}`;
      const vm = await at.vm(name);
      await at.identity(name);
      await at.pod(`${name}-job`, { node: name, selector: name });
      await statesOf(name).toEqual([`${name}-job-default-${name} Assigned`]);
      await at.finish(`${name}-job`, phase);
      await statesOf(name).toEqual([]);
      await carriedBy(vm).toEqual([]);
    });

    it("takes identity and binding of one namespace together where names are equal", async () => {
      const vm = await at.vm("twin");
      for (const namespace of ["twin-a", "twin-b"]) {
        await at.namespace(namespace);
        await at.identity("twin", { namespace });
      }
      await at.pod("twin-web", { node: "twin", selector: "twin", namespace: "twin-a" });
      await settled(async () =>
        (await at.records("twin-")).map(({ state, identity, binding }) => [
          state,
          identity.meta.namespace,
          binding.meta.namespace,
        ]),
      ).toEqual(
        expect.arrayContaining([
          ["Assigned", "twin-a", "twin-a"],
          ["Assigned", "twin-b", "twin-b"],
        ]),
      );
      expect(at.world.identitiesOn(vm)).toHaveLength(1);
    });

    it("records a service principal without asking Azure", async () => {
      await at.create(kinds.node, "sp", { spec: { providerID: "aws:///not-azure" } });
      const secret = { name: "sp-secret", namespace: "default" };
      await at.identity("sp", { spec: { type: 1, tenantID: "t", clientID: "c", clientPassword: secret } });
      await at.pod("sp-web", { node: "sp", selector: "sp" });
      await statesOf("sp-").toEqual(["sp-web-default-sp Assigned"]);
      await at.remove(kinds.pod, "sp-web");
      await statesOf("sp-").toEqual([]);
    });

    it("writes a record again that a user has deleted while the pod needs it", async () => {
      const vm = await at.vm("undone");
      const { id } = await at.identity("undone");
      await at.pod("undone-web", { node: "undone", selector: "undone" });
      await statesOf("undone-").toEqual(["undone-web-default-undone Assigned"]);
      const [before] = await at.records("undone-");
      await at.remove(kinds.assignment, "undone-web-default-undone");
      const seen = async () =>
        (await at.records("undone-")).map(({ meta, state }) => [meta.uid !== before?.meta.uid, state]);
      await settled(seen).toEqual([[true, "Assigned"]]);
      await carriedBy(vm).toEqual([id]);
    });
  });
});
