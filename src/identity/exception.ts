import type { PodException } from "../api/exception.ts";
import type { Pod } from "../api/pod.ts";

/**
 * Whether an AzurePodIdentityException of the pod's namespace names one of its labels; values compare without case. One
 * label is enough, so whoever may label pods in such a namespace gets around NMI there: an administrator can say in
 * which namespaces exceptions count, none named means everywhere.
 */
export function isExcepted(pod: Pod, exceptions: readonly PodException[], namespaces: readonly string[]): boolean {
  if (namespaces.length > 0 && !namespaces.includes(pod.meta.namespace)) return false;
  return exceptions.some(
    ({ meta, podLabels }) =>
      meta.namespace === pod.meta.namespace &&
      Object.entries(podLabels).some(([key, value]) => pod.meta.labels[key]?.toLowerCase() === value.toLowerCase()),
  );
}
