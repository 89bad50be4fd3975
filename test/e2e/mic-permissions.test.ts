import { afterAll, beforeAll, expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { auditedCalls } from "../support/kube/audit-log.ts";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { grantsOf, grantText, isUseOf, type Rule, rbacKinds } from "../support/kube/rbac.ts";
import { type MicKubernetes, micKubernetes } from "../support/mic/kubernetes.ts";
import { settled } from "../support/time/settled.ts";

/** The permissions of the manifests: enough for all that MIC does, and not one more. */

const LOCK = "aad-pod-identity-mic";
const ROLE = "aad-pod-id-mic-role";
const role = rbacKinds.ClusterRole ?? kinds.pod;
let at: MicKubernetes;

/** What a leader of a release before, and objects from before 1.6, look like. */
async function leaveBehind(leader: string): Promise<void> {
  await at.create(kinds.endpoints, LOCK, {});
  await at.change(kinds.endpoints, LOCK, leaderRecord(leader));
  await at.create(kinds.identity, "old", { spec: { type: 1, ClientID: "c" } });
  await at.create(kinds.binding, "old", { spec: { AzureIdentity: "old", Selector: "old" } });
  await at.create(kinds.exception, "old", { spec: { PodLabels: { app: "old" } } });
}

function leaderRecord(holderIdentity: string): object {
  const now = new Date().toISOString().replace(/\.\d+/, "");
  const times = { acquireTime: now, renewTime: now };
  const record = { holderIdentity, leaseDurationSeconds: 15, ...times, leaderTransitions: 3 };
  return { metadata: { annotations: { "control-plane.alpha.kubernetes.io/leader": JSON.stringify(record) } } };
}

onKubernetes("the permissions of MIC", () => {
  beforeAll(async () => {
    at = await micKubernetes();
  });
  afterAll(() => at[Symbol.asyncDispose]());
  const statesOf = (prefix: string) => settled(() => at.states(prefix));

  it("are all used, and no call beyond them is made, from an upgrade of the original to a hand-over", async () => {
    await leaveBehind("an-older-mic");
    await using first = await at.start("first");
    await settled(() => first.text).toMatch(/another holds the leader lease.*an-older-mic/);
    await at.change(kinds.endpoints, LOCK, leaderRecord(""));
    await at.vm("all");
    await at.identity("all");
    await at.pod("all-web", { node: "all", selector: "all" });
    await statesOf("all-").toEqual(["all-web-default-all Assigned"]);
    const other = at.azureIdentity("all-other");
    await at.change(kinds.identity, "all", { spec: { resourceID: other.id, clientID: other.clientId } });
    await settled(async () => (await at.records("all-"))[0]?.identity.clientId).toEqual(other.clientId);
    await statesOf("all-").toEqual(["all-web-default-all Assigned"]);
    await using second = await at.start("second");
    await settled(() => second.text).toMatch(/another holds/);
    expect(await first.stop()).toBe(0);
    await settled(() => second.text).toMatch(/sync thread started/);
    await at.remove(kinds.pod, "all-web");
    await statesOf("all-").toEqual([]);
    expect(await second.stop()).toBe(0);
    await at.remove(kinds.endpoints, LOCK);
    await using third = await at.start("third");
    await settled(() => third.text).toMatch(/sync thread started/);
    expect(await third.stop()).toBe(0);

    const unused = async () => {
      const calls = (await auditedCalls(at.plane)).filter(({ isForbidden }) => !isForbidden);
      const grants = grantsOf(at.manifests).filter((grant) => !calls.some((call) => isUseOf(call, grant)));
      return grants.map(grantText);
    };
    await settled(unused).toEqual([]);
    expect(await at.refusals()).toEqual([]);
  });

  it("cover namespaced mode, which keeps equal names in two namespaces apart", async () => {
    await using mic = await at.start("namespaced", ["--forceNamespaced"]);
    await at.vm("apart");
    for (const namespace of ["apart-a", "apart-b"]) {
      await at.namespace(namespace);
      await at.identity("apart", { namespace });
      await at.pod("apart-web", { node: "apart", selector: "apart", namespace });
    }
    const seen = async () =>
      (await at.records("apart-")).map(({ meta, state, identity }) => [meta.namespace, identity.meta.namespace, state]);
    await settled(async () => (await seen()).toSorted()).toEqual([
      ["apart-a", "apart-a", "Assigned"],
      ["apart-b", "apart-b", "Assigned"],
    ]);
    for (const namespace of ["apart-a", "apart-b"]) await at.remove(kinds.pod, "apart-web", { namespace });
    await statesOf("apart-").toEqual([]);
    expect(await at.refusals()).toEqual([]);
    expect(await mic.stop()).toBe(0);
  });

  it.each([{ resource: "pods" }, { resource: "azureidentities" }])(
    "are told where one on $resource is missing at the start, and MIC goes on once it is granted",
    async ({ resource }) => {
      const name = `start-${resource}`;
      await at.change(role, ROLE, { rules: rulesWithout(resource) });
      await using mic = await at.start("starting");
      await settled(() => mic.text).toMatch(new RegExp(`${resource}.*is forbidden`));
      expect(await mic.ask("health probe", "/readyz")).not.toBe("Ready");

      await at.change(role, ROLE, { rules: rulesWithout("nothing") });
      await at.vm(name);
      await at.identity(name);
      await at.pod(`${name}-web`, { node: name, selector: name });
      await statesOf(name).toEqual([`${name}-web-default-${name} Assigned`]);
      expect(await mic.stop()).toBe(0);
    },
  );

  it("are told where records may not be written any more, and the pods that waited get theirs once they may", async () => {
    await using mic = await at.start("recording");
    const vm = await at.vm("writes");
    const { id } = await at.identity("writes");
    await at.pod("writes-a", { node: "writes", selector: "writes" });
    await statesOf("writes-").toEqual(["writes-a-default-writes Assigned"]);
    await at.change(role, ROLE, { rules: rulesWithout("azureassignedidentities") });
    await at.pod("writes-b", { node: "writes", selector: "writes" });
    await settled(() => at.eventsAbout("writes-b")).toEqual([
      expect.stringMatching(/^Warning BindingApplyError on Pod: .*azureassignedidentities.*is forbidden/),
    ]);
    expect(at.world.identitiesOn(vm)).toEqual([id]);
    await at.change(role, ROLE, { rules: rulesWithout("nothing") });
    await statesOf("writes-").toEqual(["writes-a-default-writes Assigned", "writes-b-default-writes Assigned"]);
    expect(await mic.stop()).toBe(0);
  });

  it("are told where events may not be written any more, and identities are assigned all the same", async () => {
    await using mic = await at.start("telling");
    await at.vm("events");
    await at.identity("events");
    await at.change(role, ROLE, { rules: rulesWithout("events") });
    await at.pod("events-a", { node: "events", selector: "events" });
    await statesOf("events-").toEqual(["events-a-default-events Assigned"]);
    await settled(() => mic.text).toMatch(/events cannot be written.*is forbidden/);
    await at.change(role, ROLE, { rules: rulesWithout("nothing") });
    await at.pod("events-b", { node: "events", selector: "events" });
    await settled(async () => (await at.eventsAbout("events-b")).join()).toMatch(/BindingApplied on Pod/);
    expect(await mic.stop()).toBe(0);
  });
});

/** The rules of the manifest's cluster-wide role, those on one resource left out. */
function rulesWithout(resource: string): readonly Rule[] {
  const { rules = [] } = at.manifests.find(({ kind }) => kind === "ClusterRole") ?? {};
  const left = rules.map((rule) => ({ ...rule, resources: rule.resources.filter((one) => one !== resource) }));
  return left.filter(({ resources }) => resources.length > 0);
}
