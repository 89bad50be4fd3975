import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import { create, createAll, type Step, until, type Walk } from "./walk.ts";

const LEASE = { namespace: "default", name: "aad-pod-identity-mic" };

/** "1. Deploy aad-pod-identity": the custom resources, MIC, and NMI on every node. */
export const install: Step = {
  title: "Deploy aad-pod-identity",
  run: async (walk) => {
    const { screen, sandbox } = walk;
    screen.typed("kubectl apply -f charts/aad-pod-identity/crds/crd.yaml");
    await createAll(walk, await readFile(join(walk.root, "charts/aad-pod-identity/crds/crd.yaml"), "utf8"));
    await until(walk, { what: "the custom resources", probe: () => areServed(walk) });
    for (const program of ["mic", "nmi"]) {
      screen.typed(`kubectl apply -f deploy/infra/${program}-rbac.yaml`);
      const yaml = await readFile(join(walk.root, `deploy/infra/${program}-rbac.yaml`), "utf8");
      await createAll(walk, walk.breakage === "permission" ? withoutCreating(yaml) : yaml);
    }
    screen.typed("kubectl apply -f - # MIC, and NMI on each node, as pods that run bin/mic and bin/nmi");
    for (const manifest of sandbox.manifests) await create(walk, manifest);

    for (const node of sandbox.nodes) {
      await until(walk, {
        what: `NMI on ${node.name}`,
        probe: () => doesListen(node.nmi),
        diagnose: () => lastWords(walk, `nmi-${node.name}`),
      });
      screen.ok(`NMI listens on node ${node.name}`);
    }
    const leader = await until(walk, {
      what: "MIC to lead",
      probe: () => leaderOf(walk),
      diagnose: () => lastWords(walk, "mic"),
    });
    screen.ok(`MIC leads: ${leader}`);
    if (walk.breakage === "mic") await stopMic(walk);
  },
};

/** Roles in which nobody may make assignments; in the shipped ones MIC may. */
function withoutCreating(yaml: string): string {
  return yaml.replace("[list, watch, create, update, patch, delete]", "[list, watch, delete]");
}

async function areServed(walk: Walk): Promise<{ value: true } | { now: string }> {
  try {
    await walk.client.list(kinds.assignment, {}, walk.signal);
    return { value: true };
  } catch (reason) {
    if (Fault.is(reason, "KUBE_NOT_FOUND")) return { now: "not served yet" };
    throw reason;
  }
}

function doesListen(at: { readonly host: string; readonly port: number }): Promise<{ value: true } | { now: string }> {
  return new Promise((resolve) => {
    const socket = connect(at);
    socket.once("connect", () => {
      socket.destroy();
      resolve({ value: true });
    });
    socket.once("error", () => resolve({ now: "not listening" }));
  });
}

async function leaderOf(walk: Walk): Promise<{ value: string } | { now: string }> {
  try {
    const lease = (await walk.client.get(kinds.lease, LEASE, walk.signal)) as { spec?: { holderIdentity?: string } };
    return lease.spec?.holderIdentity ? { value: lease.spec.holderIdentity } : { now: "nobody leads" };
  } catch (reason) {
    if (Fault.is(reason, "KUBE_NOT_FOUND")) return { now: "nobody leads" };
    throw reason;
  }
}

async function lastWords(walk: Walk, pod: string): Promise<string> {
  const log = await readFile(walk.sandbox.logOf("default", pod) ?? "", "utf8").catch(() => "");
  const last = log.trimEnd().split("\n").at(-1);
  return last ? `the last that pod default/${pod} said is: ${last}` : `pod default/${pod} has said nothing`;
}

async function stopMic(walk: Walk): Promise<void> {
  walk.screen.typed("kubectl delete pod mic # --break=mic");
  await walk.client.remove(kinds.pod, { namespace: "default", name: "mic" }, {}, walk.signal);
  await until(walk, { what: "MIC to stop", probe: () => isGone(walk, "mic") });
}

/** Whether a pod of the default namespace has gone. */
export async function isGone(walk: Walk, pod: string): Promise<{ value: true } | { now: string }> {
  const pods = await walk.client.list(
    kinds.pod,
    { namespace: "default", fieldSelector: `metadata.name=${pod}` },
    walk.signal,
  );
  return pods.length === 0 ? { value: true } : { now: "terminating" };
}
