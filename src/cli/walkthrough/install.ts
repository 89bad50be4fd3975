import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { kinds } from "../../api/kinds.ts";
import { Fault } from "../../base/fault.ts";
import { isGone, lastWords } from "./probes.ts";
import { applyFiles, kubectl } from "./typing.ts";
import { type Standing, type Step, until, type Walk } from "./walk.ts";

export const LEASE = { namespace: "default", name: "aad-pod-identity-mic" };
export const CRDS = "charts/aad-pod-identity/crds/crd.yaml";
const ROLES = ["deploy/infra/mic-rbac.yaml", "deploy/infra/nmi-rbac.yaml"];

/** How it is set up; flags as the programs take them. */
export type Setup = {
  readonly title: string;
  readonly hasMic: boolean;
  readonly micFlags: readonly string[];
  readonly nmiFlags: readonly string[];
  /** What is told beside the pods. */
  readonly note: string;
};
export const standardSetup: Setup = {
  title: "Deploy aad-pod-identity",
  hasMic: true,
  micFlags: [],
  nmiFlags: [],
  note: "MIC, and NMI on each node",
};

/** The file with the pods of MIC and NMI. */
export function componentsFile({ sandbox }: Walk): string {
  return join(sandbox.folder, "components.yaml");
}

export function rolesOf({ hasMic }: Setup): readonly string[] {
  return hasMic ? ROLES : ROLES.slice(1);
}

/** The custom resources, permissions, the exceptions that are shipped, MIC if wished, and NMI on every node. */
export function install(setup: Setup): Step {
  return {
    title: setup.title,
    run: async (walk) => {
      await applyFiles(walk, [CRDS]);
      await until(walk, { what: "the custom resources", probe: () => areServed(walk) });
      await applyFiles(walk, rolesOf(setup));
      if (walk.breakage === "permission") await takePermission(walk);
      await applyFiles(walk, ["deploy/infra/mic-exception.yaml"]);
      const file = componentsFile(walk);
      await writeFile(file, componentsYaml(walk, setup));
      await applyFiles(walk, [file], setup.note);
      await untilServing(walk, setup);
      if (walk.breakage === "mic") await stopMic(walk);
    },
  };
}

type Component = {
  readonly metadata: { readonly labels: { readonly component?: string } };
  readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
};

function componentsYaml({ sandbox }: Walk, { hasMic, micFlags, nmiFlags }: Setup): string {
  const all = sandbox.manifests as readonly unknown[] as readonly Component[];
  const flags = (component: Component) => (component.metadata.labels.component === "mic" ? micFlags : nmiFlags);
  const isWanted = ({ metadata }: Component) => hasMic || metadata.labels.component !== "mic";
  const set = (component: Component) => {
    const containers = component.spec.containers.map((one) => ({ ...one, args: [...one.args, ...flags(component)] }));
    return { ...component, spec: { ...component.spec, containers } };
  };
  return all
    .filter(isWanted)
    .map((one) => stringify(set(one)))
    .join("---\n");
}

async function untilServing(walk: Walk, { hasMic }: Setup): Promise<void> {
  for (const node of walk.sandbox.nodes) {
    const diagnose = () => lastWords(walk, "default", `nmi-${node.name}`);
    await until(walk, { what: `NMI on ${node.name}`, probe: () => doesListen(walk, node.name), diagnose });
    walk.screen.ok(`NMI listens on node ${node.name}`);
  }
  if (!hasMic) return;
  const diagnose = () => lastWords(walk, "default", "mic");
  const leader = await until(walk, { what: "MIC to lead", probe: () => leaderOf(walk), diagnose });
  walk.screen.ok(`MIC leads: ${leader}`);
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
  await kubectl(walk, "delete pod mic", { note: "--break=mic" });
  await until(walk, { what: "MIC to stop", probe: () => isGone(walk, "default", "mic") });
}
