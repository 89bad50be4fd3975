import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { DaemonSetSpec, DeploymentSpec } from "kubernetes-types/apps/v1.d.ts";
import type { Container, ContainerStatus, PodSpec, PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";
import type { RoleRef, Subject } from "kubernetes-types/rbac/v1.d.ts";
import { parseAllDocuments, stringify } from "yaml";
import type { Rule } from "../kube/rbac.ts";

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "aad-pod-identity-cluster");
const BIN = join(CACHE, "bin");
/** The CRDs of the Prometheus operator, where "npm test" has fetched them. */
export const OPERATOR_CRDS = join(CACHE, "crds");
export const CHART = join(import.meta.dirname, "../../../charts/aad-pod-identity");

/** With all fields, at any depth: each test knows which its object has, and fails where one is missing. */
type Whole<T> = T extends object ? { readonly [Name in keyof T]-?: Whole<NonNullable<T[Name]>> } : T;
type Words = Readonly<Record<string, string>>;
type Reference = { readonly metadata: { readonly name: string; readonly namespace: string } };
type JsonSchema = { readonly properties: Readonly<Record<string, JsonSchema>> };

type Some<T> = readonly [T, ...T[]];

type Workload = Whole<Pick<DeploymentSpec, "replicas" | "selector"> & Pick<DaemonSetSpec, "updateStrategy">> & {
  readonly template: Whole<Pick<PodTemplateSpec, "metadata">> & {
    readonly spec: Whole<Omit<PodSpec, "containers">> & { readonly containers: Some<Whole<Container>> };
  };
};
type AssignmentSpec = {
  readonly pod: string;
  readonly podNamespace: string;
  readonly azureIdentityRef: Reference;
  readonly azureBindingRef: Reference;
};
/** What the specs of all kinds that tests look at may hold. */
type Spec = Workload &
  AssignmentSpec & {
    readonly nodeName: string;
    readonly clientID: string;
    readonly holderIdentity: string;
    readonly podLabels: Words;
    readonly volumes: readonly unknown[];
    readonly groups: readonly unknown[];
    readonly versions: readonly [
      { readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly spec: JsonSchema } } } },
    ];
    readonly podMetricsEndpoints: readonly unknown[];
  };
type Status = {
  readonly phase: string;
  readonly podIP: string;
  readonly status: string;
  readonly initContainerStatuses: readonly [Whole<ContainerStatus>];
};

/** An object that the chart gives or the API server has, as far as tests look into it. */
export type Rendered = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation: number;
    readonly deletionTimestamp?: string;
    readonly labels?: Words;
    readonly annotations?: Words;
  };
  readonly spec: Spec;
  readonly status: Status;
  readonly data: Words;
  readonly stringData: Words;
  readonly rules: Some<Rule>;
  readonly roleRef: RoleRef;
  readonly subjects: readonly Subject[];
  readonly items: Some<Rendered>;
};

/** What Helm's client for Kubernetes tells on standard error where a watch of hooks ends while an event of it is read. */
const WATCH_ENDED = /^.* reflector\.go:\d+\] "Warning: watch ended with error".*context canceled.*\n/gm;

export type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

type Program = "helm" | "kubectl" | "kubeconform" | "promtool";

/** Why Helm, kubectl or kubeconform cannot run here; undefined when they can. */
export const helmMissing = (): string | undefined => toolsMissing("helm", "kubectl", "kubeconform");

/** The same of others. @throws Error where they are required */
export function toolsMissing(...programs: readonly Program[]): string | undefined {
  return missingOf(programs.filter((program) => !existsSync(join(BIN, program))));
}

/** Why objects cannot be held to the CRDs of the Prometheus operator. @throws Error where they have to be */
export const operatorCrdsMissing = (): string | undefined =>
  missingOf(existsSync(OPERATOR_CRDS) ? [] : ["CRDs of the Prometheus operator"]);

function missingOf(unbuilt: readonly string[]): string | undefined {
  if (unbuilt.length === 0) return undefined;
  const reason = `no ${unbuilt.join(" and ")} here: "npm test" makes them where Go is installed`;
  if (process.env.REQUIRE_ALL === "1") throw new Error(`REQUIRE_ALL is set, but ${reason}`);
  return reason;
}

export function toolPath(program: Program): string {
  return join(BIN, program);
}

/** Runs one of them, with values or manifests as its input. */
export async function runTool(
  program: Program,
  args: readonly string[],
  { input = "", env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Run> {
  const home = { HELM_CACHE_HOME: "/nonexistent", HELM_CONFIG_HOME: "/nonexistent", HELM_DATA_HOME: "/nonexistent" };
  const child = spawn(toolPath(program), args, { env: { ...process.env, ...home, ...env } });
  const closed = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr: stderr.replace(WATCH_ENDED, "") };
}

/** Values as a file of values has them. */
export type Values = Readonly<Record<string, unknown>>;

/** Renders the chart as release `aad` in namespace `pods`. */
export function template(values: Values = {}, ...flags: readonly string[]): Promise<Run> {
  const args = ["template", "aad", CHART, "--namespace", "pods", "--values", "-", ...flags];
  return runTool("helm", args, { input: stringify(values) });
}

/** The objects that the chart gives, those of hooks too. @throws Error with what Helm says */
export async function render(values: Values = {}, ...flags: readonly string[]): Promise<readonly Rendered[]> {
  const { code, stdout, stderr } = await template(values, ...flags);
  if (code !== 0) throw new Error(stderr);
  return readObjects(stdout);
}

/** What Helm says of values that the chart does not take; empty when it takes them. */
export async function refusal(values: Values, ...flags: readonly string[]): Promise<string> {
  const { code, stderr } = await template(values, ...flags);
  return code === 0 ? "" : stderr;
}

export function readObjects(manifest: string): readonly Rendered[] {
  return parseAllDocuments(manifest)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

export const isHook = (object: Rendered) => object.metadata.annotations?.["helm.sh/hook"] !== undefined;

/** The one object of a kind and, where there are several, a name. */
export function the(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter((one) => one.kind === kind && !isHook(one) && (!name || one.metadata.name === name));
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} objects of kind ${kind} ${name ?? ""}`);
  return found[0];
}

/** The pod of a workload. */
export const podOf = ({ spec }: Rendered) => spec.template.spec;

/** A workload's first container. */
export const containerOf = (workload: Rendered) => podOf(workload).containers[0];
