import { beforeAll, expect, it } from "vitest";
import { patiently } from "./support/patience.ts";
import { newPlace } from "./support/place.ts";
import { installed } from "./support/release.ts";
import { onClusterAtOnce } from "./support/shared.ts";

onClusterAtOnce("what is on the machines", (cluster) => {
  const machines = cluster.facts?.machines ?? [];
  const [vm, set] = [machines[0]?.id ?? "", machines[1]?.id ?? ""];
  const on = (machine: string) => cluster.azure.identitiesOn(machine);
  beforeAll(() => installed(cluster));

  it("an identity stays on a scale set until the last pod of its instances is gone", async () => {
    await using place = await newPlace(cluster, "scale-set");
    const identity = await place.identity("web");
    await using _instance = await secondInstance();
    await place.pod("here", { selector: "web", node: 2 });
    // No kubelet is there: MIC counts pods by where they were put.
    await place.pod("there", { selector: "web", spec: { nodeName: "node3" } });
    await Promise.all([place.assigned("here", "web"), place.assigned("there", "web")]);
    await place.kubectl("delete", "pod", "here");
    await place.unassigned("here", "web");
    expect(await on(set)).toContain(identity.id);
    await place.kubectl("delete", "pod", "there", "--force");
    await place.unassigned("there", "web");
    expect(await on(set)).not.toContain(identity.id);
  });

  it("an identity that was taken off by hand does not hold up the end of its pod", async () => {
    await using place = await newPlace(cluster, "taken-off");
    const identity = await place.identity("web");
    await place.pod("web", { node: 1 });
    await place.assigned("web", "web");
    await cluster.azure.detach(vm, identity.id);
    await place.kubectl("delete", "pod", "web");
    await place.unassigned("web", "web");
    expect(await on(vm)).not.toContain(identity.id);
  });

  it("an identity that was taken off by hand is put back while its pod lives", async () => {
    await using place = await newPlace(cluster, "put-back");
    const identity = await place.identity("web");
    await place.pod("web", { node: 2 });
    await place.ready("web");
    await place.assigned("web", "web");
    await cluster.azure.detach(set, identity.id);
    await expect.poll(() => on(set), patiently).toContain(identity.id);
    await place.validates("web", identity);
  });

  it("the machine's own identity, and one that somebody else put there, are left alone", async () => {
    await using place = await newPlace(cluster, "own");
    await using stack = new AsyncDisposableStack();
    const other = await place.azureIdentity("other");
    await cluster.azure.attach(vm, other.id);
    stack.defer(() => cluster.azure.detach(vm, other.id));
    const own = await cluster.azure.enableSystemAssigned(vm);
    stack.defer(() => cluster.azure.disableSystemAssigned(vm));
    const identity = await place.identity("web");
    await place.pod("web", { node: 1 });
    await place.ready("web");
    await place.assigned("web", "web");
    expect(await on(vm)).toEqual(expect.arrayContaining([identity.id, other.id]));
    await place.validates("web", identity);
    await place.kubectl("delete", "pod", "web");
    await place.unassigned("web", "web");
    expect(await on(vm)).toContain(other.id);
    expect(await cluster.azure.systemAssignedOn(vm)).toBe(own);
  });

  /** A node that is an instance of node2's scale set, on which nothing runs, NMI neither. */
  async function secondInstance(): Promise<AsyncDisposable> {
    const spec = { providerID: `azure://${machines[2]?.instanceId}` };
    await cluster.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "node3" }, spec });
    return { [Symbol.asyncDispose]: async () => void (await cluster.kubectl("delete", "node", "node3")) };
  }
});
