import { parseAllDocuments } from "yaml";
import { type Kind, kinds } from "../../api/kinds.ts";
import type { Meta } from "../../api/meta.ts";
import { realClock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Sandbox } from "../../sandbox/compose.ts";
import type { Screen } from "../screen.ts";
import type { AzureNames } from "./manifests.ts";

/** How the walkthrough is made to fail on purpose, to show that it tells what is wrong. */
export type Breakage = "mic" | "identity" | "permission";

/** What the steps of the walkthrough share. */
export type Walk = {
  readonly sandbox: Sandbox;
  readonly client: KubeClient;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly root: string;
  readonly timeoutMs: number;
  readonly isOlder: boolean;
  readonly breakage: Breakage | undefined;
  /** Known once the identity exists on Azure. */
  azure: AzureNames | undefined;
  /** What was created, so that clean-up can take it away in reverse. */
  readonly created: { readonly kind: Kind; readonly namespace: string; readonly name: string }[];
};

/** A step of the guide. A step that does not hold throws Fault STEP_FAILED with what was expected and what is. */
export type Step = { readonly title: string; readonly run: (walk: Walk) => Promise<void> };

function rbac(kind: string, plural: string, isNamespaced: boolean): Kind {
  return { group: "rbac.authorization.k8s.io", version: "v1", plural, kind, isNamespaced };
}

/** What the files with permissions hold besides. */
const accessKinds: readonly Kind[] = [
  { group: "", version: "v1", plural: "serviceaccounts", kind: "ServiceAccount", isNamespaced: true },
  rbac("ClusterRole", "clusterroles", false),
  rbac("ClusterRoleBinding", "clusterrolebindings", false),
  rbac("Role", "roles", true),
  rbac("RoleBinding", "rolebindings", true),
];

type Document = { readonly kind: string; readonly metadata: Pick<Meta, "name"> & Partial<Meta> };

/** Creates every object of a YAML text in the default namespace, shown as `kubectl apply -f -`. */
export async function applyYaml(walk: Walk, yaml: string): Promise<void> {
  walk.screen.typed(`kubectl apply -f - <<EOF\n${yaml}EOF`);
  await createAll(walk, yaml);
}

/** Creates every object of a YAML text. @throws Fault KUBE_* or OBJECT_INVALID for a kind that we do not know */
export async function createAll(walk: Walk, yaml: string): Promise<void> {
  for (const document of parseAllDocuments(yaml)) await create(walk, document.toJS() as Document);
}

/** Creates one object and remembers it for the clean-up. */
export async function create(walk: Walk, object: Document): Promise<void> {
  const kind = [...Object.values<Kind>(kinds), ...accessKinds].find((one) => one.kind === object.kind);
  if (kind === undefined) throw new Fault("OBJECT_INVALID", `the walkthrough does not know the kind ${object.kind}`);
  const namespace = kind.isNamespaced ? (object.metadata.namespace ?? "default") : "";
  // Noted before it is sent: an answer that is lost leaves nothing behind.
  walk.created.push({ kind, namespace, name: object.metadata.name });
  await walk.client.create(kind, namespace, object, walk.signal);
  walk.screen.output(`${kind.plural}${kind.group === "" ? "" : `.${kind.group}`}/${object.metadata.name} created`);
}

/** Deletes an object that the walkthrough created; one that has gone already is fine. */
export async function remove(walk: Walk, kind: Kind, name: string): Promise<void> {
  const index = walk.created.findIndex((one) => one.kind === kind && one.name === name);
  const [found] = index < 0 ? [] : walk.created.splice(index, 1);
  if (found === undefined) return;
  try {
    await walk.client.remove(kind, { namespace: found.namespace, name }, {}, walk.signal);
  } catch (reason) {
    if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason;
  }
}

export type Waiting<T> = {
  /** What is waited for, as the progress line shows it. */
  readonly what: string;
  /** The value once it is there; until then, where things stand. */
  readonly probe: () => Promise<{ readonly value: T } | { readonly now: string }>;
  /** Why it may not have come: a clause for the sentence that ends the walkthrough. */
  readonly diagnose?: () => Promise<string>;
};

/** Asks again until the value is there, drawing a line of progress. @throws Fault STEP_FAILED after the walk's time limit */
export async function until<T>(walk: Walk, { what, probe, diagnose }: Waiting<T>): Promise<T> {
  const started = realClock.monotonic();
  for (;;) {
    const seen = await probe();
    if ("value" in seen) return seen.value;
    walk.screen.progress(`waiting for ${what}: ${seen.now}`);
    if (realClock.monotonic() - started > walk.timeoutMs) {
      const why = diagnose === undefined ? `it is still ${seen.now}` : await diagnose();
      throw new Fault("STEP_FAILED", `waited ${walk.timeoutMs / 1000} s for ${what}, but ${why}`);
    }
    await realClock.sleep(50, walk.signal);
  }
}

/** The Azure names, known from the second step on. */
export function azureOf(walk: Walk): AzureNames {
  if (walk.azure === undefined) throw new Fault("STEP_FAILED", "the identity was not created on Azure yet");
  return walk.azure;
}
