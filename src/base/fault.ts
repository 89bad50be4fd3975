/** What went wrong, seen from the one who has to act: the caller, an administrator, Azure, or us. */
export type FaultKind = "caller" | "denied" | "absent" | "throttled" | "upstream" | "local" | "bug";

type FaultRow = {
  readonly kind: FaultKind;
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retry: boolean;
  readonly help: string;
  /** Exit code of a program that ends because of it; 1 when absent. */
  readonly exit?: number;
};

/** Everything that can go wrong, a row a code; docs/reference/faults.md is generated from here. */
export const faults = {
  // programs and settings
  FLAG_INVALID: {
    kind: "caller",
    retry: false,
    exit: 2,
    help: "The command line holds a flag or value that is not known.",
  },
  FILE_UNREADABLE: { kind: "local", retry: false, exit: 2, help: "A file that a setting names cannot be read." },
  FILE_UNWRITABLE: { kind: "local", retry: false, exit: 2, help: "A file that a setting names cannot be written." },
  FILE_INVALID: {
    kind: "local",
    retry: false,
    exit: 2,
    help: "A file that a setting names does not hold what it should.",
  },
  PORT_IN_USE: { kind: "local", retry: false, help: "Another program listens on the address." },
  ADDRESS_UNAVAILABLE: {
    kind: "local",
    retry: false,
    help: "The machine does not have the address, or may not listen on it.",
  },
  PLATFORM_UNSUPPORTED: {
    kind: "local",
    retry: false,
    exit: 3,
    help: "The machine lacks something that the program needs.",
  },
  // the rules that intercept requests
  IPTABLES_FAILED: { kind: "local", retry: true, help: "The iptables rules of the node cannot be read or changed." },
  ROUTE_LOCALNET_OFF: {
    kind: "local",
    retry: true,
    help: "The node's kernel refuses packets that are redirected to loopback, and NMI may not change that.",
  },
  // Kubernetes
  KUBECONFIG_MISSING: {
    kind: "local",
    retry: false,
    exit: 2,
    help: "There is no kubeconfig and no service account to reach Kubernetes with.",
  },
  KUBE_UNREACHABLE: { kind: "upstream", retry: true, help: "The Kubernetes API server does not answer." },
  KUBE_UNAUTHORIZED: {
    kind: "denied",
    retry: true,
    help: "The Kubernetes API server does not accept the credentials.",
  },
  KUBE_FORBIDDEN: { kind: "denied", retry: true, help: "A role lacks a permission that is needed." },
  KUBE_NOT_FOUND: { kind: "absent", retry: false, help: "The Kubernetes object or resource does not exist." },
  KUBE_CONFLICT: {
    kind: "upstream",
    retry: true,
    help: "The object was changed or created by somebody else meanwhile.",
  },
  KUBE_GONE: { kind: "upstream", retry: true, help: "The resource version is too old; the list is read anew." },
  KUBE_THROTTLED: { kind: "throttled", retry: true, help: "The Kubernetes API server asked us to slow down." },
  KUBE_INVALID: { kind: "caller", retry: false, help: "The Kubernetes API server refused the object as invalid." },
  KUBE_ERROR: { kind: "upstream", retry: true, help: "The Kubernetes API server answered with an error of its own." },
  LEASE_LOST: { kind: "upstream", retry: true, help: "Another instance leads now, or the lease could not be renewed." },
  // custom resources
  OBJECT_INVALID: { kind: "caller", retry: false, help: "A custom resource holds a value that cannot be used." },
  RESOURCE_ID_INVALID: {
    kind: "caller",
    retry: false,
    help: "A resource ID is not the one of a user-assigned identity.",
  },
  // a token request
  METADATA_HEADER_MISSING: { kind: "caller", retry: false, help: "The request lacks the header `Metadata: true`." },
  REQUEST_INVALID: { kind: "caller", retry: false, help: "The request is not one that the metadata service takes." },
  RESOURCE_MISSING: { kind: "caller", retry: false, help: "The request names no resource." },
  CALLER_UNKNOWN: { kind: "upstream", retry: true, help: "No pod of this node is known at the caller's address yet." },
  CALLER_CHANGED: {
    kind: "upstream",
    retry: true,
    help: "The address or the connection belongs to another pod than before.",
  },
  POD_UNKNOWN: {
    kind: "absent",
    retry: true,
    help: "No pod of this node has the name that a process of the node gives.",
  },
  HOST_TOKEN_DENIED: {
    kind: "denied",
    retry: false,
    help: "Whoever asks in the name of a pod is no process of the node, or no user who may.",
  },
  METHOD_UNSUPPORTED: { kind: "caller", retry: false, help: "The metadata service does not take this HTTP method." },
  PATH_UNKNOWN: { kind: "absent", retry: false, help: "NMI does not pass this path on to the metadata service." },
  METADATA_BLOCKED: { kind: "denied", retry: false, help: "An administrator blocks instance metadata." },
  IDENTITY_NOT_ASSIGNED: {
    kind: "absent",
    retry: true,
    help: "An identity is bound to the pod but not assigned to its machine yet.",
  },
  IDENTITY_NOT_BOUND: {
    kind: "absent",
    retry: false,
    help: "No identity that matches the request is bound to the pod.",
  },
  IDENTITY_NAMESPACED: {
    kind: "absent",
    retry: false,
    help: "The identity may be used only by pods of its own namespace.",
  },
  IDENTITY_TYPE_UNSUPPORTED: { kind: "denied", retry: false, help: "This version serves no identities of that type." },
  IDENTITY_DENIED: { kind: "denied", retry: false, help: "The pod may not use the identity." },
  SECRET_MISSING: {
    kind: "denied",
    retry: true,
    help: "The Secret of an identity does not exist, or NMI may not read it.",
  },
  SECRET_INVALID: { kind: "denied", retry: false, help: "The Secret of an identity does not hold what it should." },
  SECRET_UNREADABLE: {
    kind: "upstream",
    retry: true,
    help: "The Secret of an identity cannot be read while the API server is away.",
  },
  LIMIT_REACHED: { kind: "throttled", retry: true, help: "One of our own limits is reached; ask again later." },
  SHUTTING_DOWN: { kind: "upstream", retry: true, help: "The program is stopping." },
  // Azure
  IMDS_UNREACHABLE: { kind: "upstream", retry: true, help: "The instance metadata service does not answer." },
  IMDS_IDENTITY_UNKNOWN: {
    kind: "denied",
    retry: true,
    help: "The instance metadata service does not know the identity on this machine.",
  },
  IMDS_IDENTITY_PENDING: {
    kind: "upstream",
    retry: true,
    help: "The instance metadata service does not know a just assigned identity yet.",
  },
  IMDS_REFUSED: { kind: "denied", retry: false, help: "The instance metadata service refused the request." },
  IMDS_THROTTLED: { kind: "throttled", retry: true, help: "The instance metadata service asked us to slow down." },
  IMDS_ERROR: {
    kind: "upstream",
    retry: true,
    help: "The instance metadata service answered with an error of its own.",
  },
  CLOUD_CONFIG_INVALID: {
    kind: "local",
    retry: false,
    exit: 2,
    help: "azure.json (or the variables in its place) cannot be used.",
  },
  ARM_UNREACHABLE: { kind: "upstream", retry: true, help: "Azure Resource Manager does not answer." },
  ARM_CREDENTIAL: { kind: "denied", retry: true, help: "Azure gives MIC no token, or does not accept it." },
  ENTRA_UNREACHABLE: { kind: "upstream", retry: true, help: "Entra ID does not answer." },
  ENTRA_ERROR: { kind: "upstream", retry: true, help: "Entra ID answered with an error of its own." },
  ENTRA_REFUSED: { kind: "denied", retry: true, help: "Entra ID gives no token for a service principal." },
  ENTRA_THROTTLED: { kind: "throttled", retry: true, help: "Entra ID asked us to slow down." },
  ARM_FORBIDDEN: { kind: "denied", retry: true, help: "A role assignment is missing." },
  ARM_NOT_FOUND: { kind: "absent", retry: true, help: "The machine does not exist in Azure." },
  ARM_IDENTITY_REFUSED: { kind: "denied", retry: true, help: "Azure refused an identity for a machine." },
  ARM_IDENTITY_STALE: {
    kind: "denied",
    retry: true,
    help: "A machine carries an identity because of which Azure refuses every change of it.",
  },
  ARM_CHANGE_REFUSED: {
    kind: "denied",
    retry: true,
    help: "Azure refused a change of a machine and does not say because of which identity.",
  },
  ARM_IDENTITY_QUOTA: {
    kind: "denied",
    retry: true,
    help: "A machine carries as many identities as Azure allows.",
  },
  ARM_MACHINE_CHANGED: {
    kind: "upstream",
    retry: true,
    help: "A machine was changed in Azure again and again while MIC was about to change it.",
  },
  ARM_VERSION_UNSUPPORTED: { kind: "local", retry: true, help: "The cloud needs another `--arm-api-version`." },
  ARM_THROTTLED: { kind: "throttled", retry: true, help: "Azure Resource Manager asked us to slow down." },
  ARM_ERROR: { kind: "upstream", retry: true, help: "Azure Resource Manager answered with an error." },
  // programs that check or show something
  CHECK_FAILED: { kind: "local", retry: true, help: "A check of identityvalidator does not hold." },
  // the sandbox and its walkthrough
  STEP_FAILED: { kind: "local", retry: false, help: "A step of the walkthrough did not hold." },
  CLUSTER_NOT_EMPTY: { kind: "caller", retry: false, exit: 2, help: "The sandbox takes only an empty cluster." },
  CANCELLED: { kind: "caller", retry: false, exit: 130, help: "Somebody stopped it." },
  UNEXPECTED: { kind: "bug", retry: false, exit: 70, help: "A defect: please report it." },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof faults;
export type Facts = Readonly<Record<string, string | number>>;
export type FaultOptions = ErrorOptions & {
  readonly facts?: Facts;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
};

/** The only error that crosses a folder border. Facts go to the log, so they never hold a secret. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly facts: Facts;
  readonly retryAfterMs: number | undefined;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options);
    this.code = code;
    this.facts = options.facts ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  get kind(): FaultKind {
    return faults[this.code].kind;
  }

  /** Whether the same thing may succeed later without anybody changing anything. */
  get retry(): boolean {
    return faults[this.code].retry;
  }

  /** The exit code of a program that ends because of this fault. */
  get exitCode(): number {
    const row: FaultRow = faults[this.code];
    return row.exit ?? 1;
  }

  /** Any caught value as a Fault; the original stays reachable as `cause`. */
  static from(reason: unknown): Fault {
    if (reason instanceof Fault) return reason;
    if (reason instanceof Error && reason.name === "AbortError") {
      return new Fault("CANCELLED", "the operation was cancelled", { cause: reason });
    }
    return new Fault("UNEXPECTED", reason instanceof Error ? reason.message : String(reason), { cause: reason });
  }

  /** Whether a caught value is a Fault with one of these codes. */
  static is(reason: unknown, ...codes: readonly FaultCode[]): reason is Fault {
    return reason instanceof Fault && codes.includes(reason.code);
  }
}
