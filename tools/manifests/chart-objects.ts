import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Container, EnvVar, PodSpec, SecurityContext } from "kubernetes-types/core/v1.d.ts";
import type { LabelSelector } from "kubernetes-types/meta/v1.d.ts";
import type { PolicyRule, RoleRef, Subject } from "kubernetes-types/rbac/v1.d.ts";
import { parse, parseAllDocuments, stringify } from "yaml";

const root = join(import.meta.dirname, "../..");
const chart = join(root, "charts/aad-pod-identity");
const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
const built = join(cache, "aad-pod-identity-cluster/bin/helm");

/** A program's container, with what the chart always gives it. */
type ChartContainer = Container & { args: string[]; env: EnvVar[]; securityContext: SecurityContext };
type Template = { metadata?: { labels?: object }; spec: PodSpec & { containers: [ChartContainer] } };
/** What the specs of all kinds that are changed may hold. */
type Spec = { selector: LabelSelector; template: Template; podLabels?: object; policyName?: string };

/** An object of the chart, to be changed into one of the manifests. */
export type Manifest = {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: object; annotations?: Readonly<Record<string, string>> };
  spec: Spec;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  roleRef?: RoleRef;
  subjects?: Subject[];
  rules?: (PolicyRule & { resources: string[] })[];
};

/** What the chart gives on a current Kubernetes, without its hooks. @throws Error with what Helm says */
export function chartObjects(namespace: string, values: object): Manifest[] {
  const helm = existsSync(built) ? built : "helm";
  const args = ["template", "aad", chart, `--namespace=${namespace}`, "--kube-version=1.34.0", "--values=-"];
  const text = execFileSync(helm, args, { input: stringify(values), encoding: "utf8" });
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null)
    .filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined);
}

/** The text of each CRD, without Helm's labels; with its comments, and its anchors, which kubectl understands. */
export function crdTexts(): readonly string[] {
  const documents = readFileSync(join(chart, "crds/crd.yaml"), "utf8")
    .split(/^---\n/m)
    .slice(1);
  return documents.map((text) => text.replace(/^ {2}labels:\n(?: {4}.*\n)+/m, ""));
}

/** Where a program's image is, and of what version. */
export function imageOf(program: string): string {
  const { image } = read("values.yaml") as { image: { repository: string } };
  const { appVersion } = read("Chart.yaml") as { appVersion: string };
  return `${image.repository}/${program}:v${appVersion}`;
}

const read = (file: string): unknown => parse(readFileSync(join(chart, file), "utf8"));
