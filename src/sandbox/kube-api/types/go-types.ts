/** What Go calls the types of some fields; messages about values of a wrong type name them. */

/** Fields whose texts have a type of their own, by their struct. */
const named: Readonly<Record<string, string>> = {
  "ObjectMeta.uid": "types.UID",
  "OwnerReference.uid": "types.UID",
  "PodSpec.restartPolicy": "v1.RestartPolicy",
  "PodSpec.dnsPolicy": "v1.DNSPolicy",
  "PodSpec.preemptionPolicy": "v1.PreemptionPolicy",
  "Container.imagePullPolicy": "v1.PullPolicy",
  "Container.terminationMessagePolicy": "v1.TerminationMessagePolicy",
  "ContainerPort.protocol": "v1.Protocol",
  "HTTPGetAction.scheme": "v1.URIScheme",
  "Toleration.operator": "v1.TolerationOperator",
  "Toleration.effect": "v1.TaintEffect",
  "PodStatus.phase": "v1.PodPhase",
  "NamespaceStatus.phase": "v1.NamespacePhase",
  "Secret.type": "v1.SecretType",
  "ServiceSpec.type": "v1.ServiceType",
  "ServicePort.protocol": "v1.Protocol",
  "DeploymentStrategy.type": "v1.DeploymentStrategyType",
  "DaemonSetUpdateStrategy.type": "v1.DaemonSetUpdateStrategyType",
};

/** Numbers of 64 bits; all others have 32. */
const long: ReadonlySet<string> = new Set([
  ...["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerationSeconds", "expirationSeconds"],
  ...["deletionGracePeriodSeconds", "startingDeadlineSeconds", "runAsUser", "runAsGroup", "fsGroup"],
  ...["generation", "observedGeneration", "revision"],
]);

const simple: Readonly<Record<string, string>> = {
  string: "string",
  bool: "bool",
  float: "float64",
  byte: "uint8",
  bytes: "[]uint8",
  time: "v1.Time",
  "micro-time": "v1.MicroTime",
  duration: "v1.Duration",
  quantity: "resource.Quantity",
  "int-or-string": "intstr.IntOrString",
};

/** The Go type of a field: `v1.PodSpec`, `[]v1.Container`, `map[string]string`, `int32`. */
export function goType(type: string, struct: string, field: string): string {
  if (type.startsWith("[]")) return `[]${goType(type.slice(2), struct, field)}`;
  if (type.startsWith("{}")) return `map[string]${goType(type.slice(2), struct, field)}`;
  if (type === "int") return long.has(field) ? "int64" : "int32";
  if (type === "string") return named[`${struct}.${field}`] ?? "string";
  return simple[type] ?? `v1.${structOf(type)}`;
}

/** `Container` of `core.Container`. */
export function structOf(type: string): string {
  return type.slice(type.indexOf(".") + 1);
}
