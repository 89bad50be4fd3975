import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Setup } from "./setup.ts";
import { applyFiles } from "./typing.ts";
import type { Walk } from "./walk.ts";

const ROLES = ["deploy/infra/mic-rbac.yaml", "deploy/infra/nmi-rbac.yaml"];

/** The files that `applySinglePods` applies. */
export function singlePodFiles({ sandbox }: Walk, { hasMic }: Setup): readonly string[] {
  return [...(hasMic ? ROLES : ROLES.slice(1)), join(sandbox.folder, "components.yaml")];
}

/** MIC and NMI as pods that nobody has to make of a Deployment or a DaemonSet, and their permissions. */
export async function applySinglePods(walk: Walk, setup: Setup): Promise<void> {
  const files = singlePodFiles(walk, setup);
  await writeFile(files.at(-1) ?? "", componentsYaml(walk, setup));
  const flags = [...setup.micFlags, ...setup.nmiFlags].join(" ");
  const names = setup.hasMic ? "MIC, and NMI on each node" : "NMI on each node";
  await applyFiles(walk, files, `${names}${flags === "" ? "" : `, with ${flags}`}`);
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
