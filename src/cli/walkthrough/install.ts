import { type Kind, kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import { areNoPods, lastWordsOf } from "./probes.ts";
import type { Setup } from "./setup.ts";
import { applySinglePods, singlePodFiles } from "./single-pods.ts";
import { applyChanged, applyFiles, kubectl } from "./typing.ts";
import { type Standing, type Step, until, type Walk } from "./walk.ts";

export const LEASE = { namespace: "default", name: "aad-pod-identity-mic" };
const CRDS = "charts/aad-pod-identity/crds/crd.yaml";
const EXCEPTIONS = "deploy/infra/mic-exception.yaml";

/** The custom resources, the exceptions that are shipped, MIC if wished, and NMI on every node. */
export function install(setup: Setup): Step {
  return {
    title: setup.title,
    run: async (walk) => {
      await applyFiles(walk, [CRDS]);
      await until(walk, { what: "the custom resources", probe: () => areServed(walk) });
      if (setup.hasMic || setup.manifest === undefined || walk.isOnOwnCluster) await applyFiles(walk, [EXCEPTIONS]);
      await applyPrograms(walk, setup);
      if (walk.breakage === "permission") await takePermission(walk);
      await untilServing(walk, setup);
      if (walk.breakage === "mic") await stopMic(walk);
    },
  };
}

/** What `install` applied, the last first. */
export function installedFiles(walk: Walk, setup: Setup): readonly string[] {
  const { manifest } = setup;
  if (manifest === undefined || walk.isOnOwnCluster) {
    return [...singlePodFiles(walk, setup).toReversed(), EXCEPTIONS, CRDS];
  }
  return [EXCEPTIONS, manifest.file]; // which holds the custom resources, too
}

async function applyPrograms(walk: Walk, setup: Setup): Promise<void> {
  const { manifest } = setup;
  if (manifest === undefined || walk.isOnOwnCluster) return await applySinglePods(walk, setup);
  if (manifest.replace === undefined) return await applyFiles(walk, [manifest.file]);
  await applyChanged(walk, manifest.file, manifest.replace);
}

async function untilServing(walk: Walk, { hasMic, manifest }: Setup): Promise<void> {
  const diagnose = (component: string) => () => lastWordsOf(walk, component);
  for (const { name } of walk.sandbox.nodes) {
    await until(walk, { what: `NMI on ${name}`, probe: () => doesListen(walk, name), diagnose: diagnose("nmi") });
    walk.screen.ok(`NMI listens on node ${name}`);
  }
  if (hasMic) {
    const leader = await until(walk, { what: "MIC to lead", probe: () => leaderOf(walk), diagnose: diagnose("mic") });
    walk.screen.ok(`MIC leads: ${leader}`);
  }
  if (manifest === undefined || walk.isOnOwnCluster) return;
  const workloads = hasMic ? [{ kind: deployment, name: "mic" }] : [];
  for (const { kind, name } of [{ kind: kinds.daemonSet, name: "nmi" }, ...workloads]) {
    const { namespace } = manifest;
    const probe = () => isComplete(walk, kind, { namespace, name });
    await until(walk, { what: `all pods of ${name}`, probe, diagnose: diagnose(name) });
    await kubectl(walk, ["get", kind.kind.toLowerCase(), name, ...(namespace === "default" ? [] : ["-n", namespace])]);
  }
}

const deployment: Kind = { ...kinds.daemonSet, plural: "deployments", kind: "Deployment" };

type Workload = {
  readonly spec: { readonly replicas?: number };
  readonly status?: Readonly<Record<string, number | undefined>>;
};

/** Whether each pod that a DaemonSet or a Deployment shall have is there and ready. */
async function isComplete(walk: Walk, kind: Kind, ref: { namespace: string; name: string }): Promise<Standing<true>> {
  const { spec, status = {} } = (await walk.client.get(kind, ref, walk.signal)) as Workload;
  const wanted = spec.replicas ?? status.desiredNumberScheduled ?? walk.sandbox.nodes.length;
  const ready = status.availableReplicas ?? status.numberAvailable ?? 0;
  return wanted > 0 && ready === wanted ? { value: true } : { now: `${ready} of ${wanted} available` };
}

/** In the shipped roles MIC may make assignments; afterwards nobody may. */
async function takePermission(walk: Walk): Promise<void> {
  const role = { group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterroles", kind: "ClusterRole" };
  const name = "aad-pod-id-mic-role";
  const ref = { namespace: "", name };
  const found = (await walk.client.get({ ...role, isNamespaced: false }, ref, walk.signal)) as {
    readonly rules: readonly { readonly resources?: readonly string[]; readonly verbs: readonly string[] }[];
  };
  const index = found.rules.findIndex(({ resources }) => resources?.includes(kinds.assignment.plural));
  const verbs = found.rules[index]?.verbs.filter((verb) => !["create", "update", "patch"].includes(verb));
  const patch = JSON.stringify([{ op: "replace", path: `/rules/${index}/verbs`, value: verbs }]);
  const note = "--break=permission";
  await kubectl(walk, ["patch", "clusterrole", name, "--type=json", `--patch=${patch}`], { note });
}

async function areServed(walk: Walk): Promise<Standing<true>> {
  try {
    await walk.client.list(kinds.binding, {}, walk.signal);
    await walk.client.list(kinds.exception, {}, walk.signal);
    return { value: true };
  } catch (reason) {
    if (Fault.is(reason, "KUBE_NOT_FOUND")) return { now: "not served yet" };
    throw reason;
  }
}

async function doesListen({ sandbox }: Walk, node: string): Promise<Standing<true>> {
  return (await sandbox.hasNmi(node)) ? { value: true } : { now: "not listening" };
}

async function leaderOf(walk: Walk): Promise<Standing<string>> {
  try {
    const lease = (await walk.client.get(kinds.lease, LEASE, walk.signal)) as { spec?: { holderIdentity?: string } };
    return lease.spec?.holderIdentity ? { value: lease.spec.holderIdentity } : { now: "nobody leads" };
  } catch (reason) {
    if (Fault.is(reason, "KUBE_NOT_FOUND")) return { now: "nobody leads" };
    throw reason;
  }
}

async function stopMic(walk: Walk): Promise<void> {
  const what = walk.isOnOwnCluster ? "pod" : "deployment";
  await kubectl(walk, ["delete", what, "mic"], { note: "--break=mic" });
  await until(walk, { what: "MIC to stop", probe: () => areNoPods(walk, "mic") });
}
