import type { PodException } from "../api/exception.ts";
import type { Pod } from "../api/pod.ts";

/** What lets a pod past NMI, in the words of the audit. */
export type Pass = "exception" | "mic-service-account";

export type PassSettings = {
  /** Where an AzurePodIdentityException counts; everywhere when empty. */
  readonly exceptionNamespaces: readonly string[];
  /** The account that MIC alone runs under, as `<namespace>/<name>`; empty for not known. */
  readonly micServiceAccount: string;
};

/** What lets a pod past NMI to the metadata service; undefined where nothing does. */
export function passOf(
  pod: Pod,
  exceptions: readonly PodException[],
  { exceptionNamespaces, micServiceAccount }: PassSettings,
): Pass | undefined {
  if (isMic(pod, micServiceAccount)) return "mic-service-account";
  return isExcepted(pod, exceptions, exceptionNamespaces) ? "exception" : undefined;
}

/** MIC is known by its account, which Kubernetes lets nobody change on a pod: names and owners anybody may choose. */
function isMic({ meta, serviceAccount }: Pod, micServiceAccount: string): boolean {
  return serviceAccount !== "" && `${meta.namespace}/${serviceAccount}` === micServiceAccount;
}

/**
 * Whether an AzurePodIdentityException of the pod's namespace names one of its labels; values compare without case. One
 * label is enough, so whoever may label pods in such a namespace gets around NMI there: an administrator can say in
 * which namespaces exceptions count, none named means everywhere.
 */
function isExcepted(pod: Pod, exceptions: readonly PodException[], namespaces: readonly string[]): boolean {
  if (namespaces.length > 0 && !namespaces.includes(pod.meta.namespace)) return false;
  return exceptions.some(
    ({ meta, podLabels }) =>
      meta.namespace === pod.meta.namespace &&
      Object.entries(podLabels).some(([key, value]) => pod.meta.labels[key]?.toLowerCase() === value.toLowerCase()),
  );
}
