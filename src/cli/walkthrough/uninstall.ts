import { GROUP, kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import { isGone } from "./install.ts";
import { remove, type Step, until, type Walk } from "./walk.ts";

const LEASE = { namespace: "default", name: "aad-pod-identity-mic" };

/** Takes MIC, NMI and the custom resources away: a cluster of the user's own is left as it was. */
export const uninstall: Step = {
  title: "Uninstall",
  run: async (walk) => {
    const pods = walk.created.filter(({ kind }) => kind === kinds.pod).map(({ name }) => name);
    walk.screen.typed(`kubectl delete pod ${pods.join(" ")}`);
    for (const pod of pods) await remove(walk, kinds.pod, pod);
    for (const pod of pods) await until(walk, { what: `pod ${pod} to go`, probe: () => isGone(walk, pod) });
    walk.screen.typed("kubectl delete -f charts/aad-pod-identity/crds/crd.yaml");
    for (const { kind, name } of walk.created.toReversed()) await remove(walk, kind, name);
    await until(walk, { what: "the custom resources to go", probe: () => areUndefined(walk) });
    await forgetTraces(walk);
    walk.screen.ok("nothing of it is left in the cluster");
  },
};

/** The API server first deletes the objects of a kind, then forgets the kind. */
async function areUndefined(walk: Walk): Promise<{ value: true } | { now: string }> {
  const definitions = (await walk.client.list(kinds.crd, {}, walk.signal)) as readonly { spec: { group: string } }[];
  const left = definitions.filter(({ spec }) => spec.group === GROUP);
  return left.length === 0 ? { value: true } : { now: `${left.length} left` };
}

/** The leader lease, and the nodes that the sandbox registered. */
async function forgetTraces(walk: Walk): Promise<void> {
  const nodes = walk.sandbox.nodes.map(({ name }) => ({ kind: kinds.node, namespace: "", name }));
  for (const { kind, ...ref } of [{ kind: kinds.lease, ...LEASE }, ...nodes]) {
    await walk.client.remove(kind, ref, {}, walk.signal).catch((reason) => {
      if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason;
    });
  }
}
