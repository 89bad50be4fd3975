import type { ApiRequest } from "../http/request.ts";
import { type Json, type JsonObject, objectOr } from "../json.ts";

/** Kinds that are kept and shown, and nothing comes of them here: what there is not, by group and kind. */
export const keptOnly: Readonly<Record<string, string>> = {
  "apps/StatefulSet": "the sandbox makes no pods of it",
  "batch/CronJob": "the sandbox makes no jobs of it",
  "/Service": "nobody answers at its address or name in the sandbox",
  "policy/PodDisruptionBudget": "nobody counts its pods in the sandbox, and none of them can be evicted",
  "/ResourceQuota": "nothing is refused for it in the sandbox",
  "/LimitRange": "nothing is refused or filled in for it in the sandbox",
  "scheduling.k8s.io/PriorityClass": "no pod goes before another in the sandbox",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": "nothing is refused by it in the sandbox",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": "nothing is refused by it in the sandbox",
};

/** The same of what some ask for in particular, by the field of `spec`: what becomes of it, and of which values. */
type Part = { readonly what: string; readonly isMeant?: (value: Json) => boolean };
export const keptParts: Readonly<Record<string, Readonly<Record<string, Part>>>> = {
  "batch/Job": {
    completionMode: {
      what: "the pods that the sandbox makes of the Job have no index",
      isMeant: (value) => value === "Indexed",
    },
    podFailurePolicy: { what: "in the sandbox each pod that fails counts towards backoffLimit" },
    successPolicy: { what: "in the sandbox a Job succeeds when all of its completions do" },
    backoffLimitPerIndex: { what: "in the sandbox pods that fail are counted for the whole Job" },
    managedBy: {
      what: "the sandbox makes the Job's pods, whoever is named",
      isMeant: (value) => value !== "kubernetes.io/job-controller",
    },
  },
};

const WRITING: ReadonlySet<string> = new Set(["create", "update", "patch"]);

/** Warnings of an object that was written: what its author may expect of it, and waits for in vain. */
export function notCarriedOut({ verb, target }: ApiRequest, object: JsonObject): readonly string[] {
  if (!WRITING.has(verb) || target.subresource !== "") return [];
  const { group, kind } = target.resource;
  const id = `${group}/${kind}`;
  const what = keptOnly[id];
  return what === undefined ? partsOf(keptParts[id] ?? {}, objectOr(object.spec)) : [kept(kind, what)];
}

function partsOf(parts: Readonly<Record<string, Part>>, spec: JsonObject): readonly string[] {
  return Object.entries(parts).flatMap(([name, { what, isMeant = () => true }]) => {
    const value = spec[name] ?? null;
    if (value === null || !isMeant(value)) return [];
    const shown = typeof value === "string" ? `${name} ${JSON.stringify(value)}` : name;
    return [kept(shown, what)];
  });
}

/** As `kubectl` shows it. */
function kept(name: string, what: string): string {
  return `${name} is kept but never carried out: ${what}`;
}
