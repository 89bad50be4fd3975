import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import type { Told } from "./recorder.ts";

type Which = "Startup" | "Liveness" | "Readiness";

const normal = (reason: string, message: string): Told => ({ type: "Normal", reason, message });
const warning = (reason: string, message: string): Told => ({ type: "Warning", reason, message });

/** What a kubelet tells of a container, in its own words. */
export const containerTold = {
  pulled: ({ image }: Container) => normal("Pulled", `Container image "${image}" already present on machine`),
  created: ({ name }: Container) => normal("Created", `Created container: ${name}`),
  started: ({ name }: Container) => normal("Started", `Started container ${name}`),
  stopping: ({ name }: Container) => normal("Killing", `Stopping container ${name}`),
  sick: ({ name }: Container, which: Which) =>
    normal("Killing", `Container ${name} failed ${which.toLowerCase()} probe, will be restarted`),
  unhealthy: (which: Which, said: string) => warning("Unhealthy", `${which} probe failed: ${said}`),
  backOff: ({ name }: Container, pod: Pod) =>
    warning("BackOff", `Back-off restarting failed container ${name} in pod ${podInWords(pod)}`),
  failed: (why: string) => warning("Failed", `Error: ${why}`),
  pulling: ({ image }: Container) => normal("Pulling", `Pulling image "${image}"`),
  notPulled: ({ image }: Container, why: string) => warning("Failed", `Failed to pull image "${image}": ${why}`),
  pullingLater: ({ image }: Container) => normal("BackOff", `Back-off pulling image "${image}"`),
} as const;

/** `demo_default(6f1c…)`, as kubelets name a pod. */
export function podInWords({ metadata }: Pod): string {
  return `${metadata?.name}_${metadata?.namespace}(${metadata?.uid})`;
}
