import { describe, expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { hostLeader, onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { MicKubernetes } from "../support/mic/kubernetes.ts";
import { settled } from "../support/time/settled.ts";

/** Identities that Azure refuses: their pods wait and are told why, nobody else waits. */

const LONG = 180_000;
let at: MicKubernetes;

onKubernetes("identities that Azure refuses", () => {
  hostLeader(async (own) => {
    at = own;
    return [];
  });
  const statesOf = (prefix: string, timeout?: number) => settled(() => at.states(prefix), timeout);
  /** An identity of that name that is in the cluster, and nowhere in Azure. */
  const phantom = async (name: string) => {
    const { id } = await at.identity(name);
    at.world.deleteIdentity(id);
  };
  const podOn = (node: string, identity: string) => at.pod(`${identity}-pod`, { node, selector: identity });

  describe.concurrent("side by side", () => {
    it("lets identities that do not exist hold up no other that comes with them", async () => {
      const vm = await at.vm("batch");
      const { id } = await at.identity("batch-good");
      for (const name of ["batch-bad1", "batch-bad2"]) await phantom(name);
      await Promise.all(["batch-bad1", "batch-good", "batch-bad2"].map((name) => podOn("batch", name)));
      await statesOf("batch-").toEqual([
        "batch-bad1-pod-default-batch-bad1 Created",
        "batch-bad2-pod-default-batch-bad2 Created",
        "batch-good-pod-default-batch-good Assigned",
      ]);
      expect(at.world.identitiesOn(vm)).toEqual([id]);
      await settled(() => at.eventsAbout("batch-bad1-pod")).toEqual([
        expect.stringMatching(/^Warning \w+ on Pod: .*batch-bad1/),
      ]);
    });

    it("lets identities that do not exist disturb no other that was there before", async () => {
      const vm = await at.vm("after");
      const { id } = await at.identity("after-good");
      await podOn("after", "after-good");
      await statesOf("after-").toEqual(["after-good-pod-default-after-good Assigned"]);
      for (const name of ["after-bad1", "after-bad2"]) {
        await phantom(name);
        await podOn("after", name);
      }
      await settled(() => at.eventsAbout("after-bad2-pod")).toEqual([expect.stringMatching(/^Warning \w+ on Pod: /)]);
      await statesOf("after-").toEqual([
        "after-bad1-pod-default-after-bad1 Created",
        "after-bad2-pod-default-after-bad2 Created",
        "after-good-pod-default-after-good Assigned",
      ]);
      expect(at.world.identitiesOn(vm)).toEqual([id]);
    });

    it(
      "says which role is missing on an identity, and assigns it once the role is there",
      async () => {
        const vm = await at.vm("role");
        const good = await at.identity("role-good");
        const lacking = await at.identity("role-lacking");
        at.world.denyAssignment(lacking.id);
        await Promise.all(["role-good", "role-lacking"].map((name) => podOn("role", name)));
        await statesOf("role-").toEqual([
          "role-good-pod-default-role-good Assigned",
          "role-lacking-pod-default-role-lacking Created",
        ]);
        const line = `az role assignment create --role "Managed Identity Operator"`;
        const told = async (name: string) => (await at.eventsAbout(name)).filter((event) => event.includes(line));
        await settled(() => told("role-lacking-pod")).toEqual([
          expect.stringMatching(new RegExp(`^Warning \\w+ on Pod: .*--scope "${lacking.id}"`, "i")),
        ]);
        await settled(async () => (await told("role-lacking")).map((event) => event.split(":")[0])).toEqual([
          expect.stringMatching(/^Warning \w+ on AzureIdentityBinding/),
        ]);

        at.world.denyAssignment(lacking.id, false);
        // It is tried alone a minute after it was refused.
        await statesOf("role-", LONG).toEqual([
          "role-good-pod-default-role-good Assigned",
          "role-lacking-pod-default-role-lacking Assigned",
        ]);
        expect(at.world.identitiesOn(vm)).toEqual([good.id, lacking.id]);
      },
      LONG,
    );

    it("keeps the record of an identity that Azure does not take off, and is done with it later by itself", async () => {
      const vm = await at.vm("keeps");
      await at.identity("keeps");
      await podOn("keeps", "keeps");
      await statesOf("keeps").toEqual(["keeps-pod-default-keeps Assigned"]);
      const trouble = { status: 409, code: "Conflict", message: "Another change of the machine is under way." };
      at.world.traffic.failNext("arm.virtualMachines.update", trouble, 2);
      await at.remove(kinds.pod, "keeps-pod");
      await statesOf("keeps").toEqual([]);
      expect(at.world.identitiesOn(vm)).toEqual([]);
    });
  });
});
