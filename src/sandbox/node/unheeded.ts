import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { podInWords } from "./container-events.ts";
import type { Told } from "./recorder.ts";
import { UnsupportedError } from "./unsupported.ts";

/** What a pod asks for that is not carried out here though it runs, with the field and what that means for it. */
export function unheeded({ spec }: Pod): readonly Told[] {
  const { containers = [], initContainers = [] } = spec ?? {};
  const all = [...initContainers.map((each) => ["initContainers", each] as const)];
  const named = [...all, ...containers.map((each) => ["containers", each] as const)];
  return [
    ...named.flatMap(([list, each]) => ofContainer(`spec.${list}{${each.name}}`, each)),
    ...(spec?.hostAliases?.length
      ? [told("Warning", "spec.hostAliases", "names are looked up as on this machine")]
      : []),
    ...(spec?.dnsConfig ? [told("Warning", "spec.dnsConfig", "names are looked up as on this machine")] : []),
  ];
}

function ofContainer(place: string, { lifecycle, resources }: Container): readonly Told[] {
  const hooks = Object.keys(lifecycle ?? {}).filter((name) => name === "postStart" || name === "preStop");
  return [
    ...hooks.map((hook) => told("Warning", `${place}.lifecycle.${hook}`, "it is not called")),
    ...(resources?.limits ? [told("Normal", `${place}.resources.limits`, "nothing holds the container to them")] : []),
  ];
}

function told(type: Told["type"], field: string, meaning: string): Told {
  return { type, reason: "NotInSandbox", message: `the sandbox does not carry out ${field}: ${meaning}` };
}

/** @throws UnsupportedError for a container that may not run as root and is told to */
export function checkUser(container: Container, pod: Pod): void {
  const { runAsNonRoot, runAsUser } = { ...pod.spec?.securityContext, ...container.securityContext };
  if (runAsNonRoot !== true || runAsUser !== 0) return;
  const message = `container's runAsUser breaks non-root policy (pod: "${podInWords(pod)}", container: ${container.name})`;
  throw new UnsupportedError("CreateContainerConfigError", message);
}
