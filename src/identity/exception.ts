import type { PodException } from "../api/exception.ts";
import type { Pod } from "../api/pod.ts";

/** Whether an AzurePodIdentityException of the pod's namespace names one of its labels; values compare without case. */
export function isExcepted(pod: Pod, exceptions: readonly PodException[]): boolean {
  return exceptions.some(
    ({ meta, podLabels }) =>
      meta.namespace === pod.meta.namespace &&
      Object.entries(podLabels).some(([key, value]) => pod.meta.labels[key]?.toLowerCase() === value.toLowerCase()),
  );
}
