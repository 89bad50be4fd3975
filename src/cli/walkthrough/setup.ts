/** How AAD Pod Identity is set up for a walkthrough. */
export type Setup = {
  readonly title: string;
  readonly hasMic: boolean;
  /** The shipped manifest; left out where single pods with flags of their own take its place. */
  readonly manifest?: {
    readonly file: string;
    readonly namespace: string;
    /** Words that are to be others; each is there at least once. */
    readonly replace?: readonly [from: string, to: string];
  };
  /** The same for an API server of the user's own, which nobody makes pods of a Deployment for: flags of the programs. */
  readonly micFlags: readonly string[];
  readonly nmiFlags: readonly string[];
};

const FILE = "deploy/infra/deployment-rbac.yaml";

export const standardSetup: Setup = {
  title: "Deploy aad-pod-identity",
  hasMic: true,
  manifest: { file: FILE, namespace: "default" },
  micFlags: [],
  nmiFlags: [],
};

/** `FORCENAMESPACED` is set in the Deployment and in the DaemonSet. */
export const namespacedSetup: Setup = {
  title: "Deploy aad-pod-identity with FORCENAMESPACED",
  hasMic: true,
  manifest: { file: FILE, namespace: "default", replace: ['value: "false"', 'value: "true"'] },
  micFlags: ["--forceNamespaced"],
  nmiFlags: ["--forceNamespaced"],
};

export const managedSetup: Setup = {
  title: "Deploy NMI alone, in managed mode",
  hasMic: false,
  manifest: { file: "deploy/infra/managed-mode-deployment.yaml", namespace: "kube-system" },
  micFlags: [],
  nmiFlags: ["--operation-mode=managed", "--forceNamespaced"],
};

/** NMI refuses soon what is not bound, where it would wait for more than a minute. */
export const hastySetup: Setup = {
  title: "Deploy aad-pod-identity",
  hasMic: true,
  micFlags: [],
  nmiFlags: ["--retry-attempts-for-created=2", "--find-identity-retry-interval=1"],
};
