import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Values } from "../../support/chart/helm.ts";
import type { AzureFacts } from "../support/azure-facts.ts";
import { imageOf } from "../support/images.ts";

export const APPS = "apps";

type Azure = { readonly id: string; readonly clientId: string };
/** The identities of the pods, in Azure. */
export type Identities = {
  readonly solo: Azure;
  readonly left: Azure;
  readonly right: Azure;
  /** What other pods have that come and go. */
  readonly passing: Azure;
  readonly principal: { readonly clientId: string; readonly secret: string };
};
/** Pods that ask for tokens, by the value of their label `app`: which client ID each of their requests is for. */
export type Asking = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The original asks IMDS each time, on a busy machine more often than that answers. */
const EVERY_MS = 200;
/** The original asks the API server for the Secret of a service principal each time, and no more than 5 times a second. */
const PRINCIPAL_EVERY_MS = 400;
const RESOURCE = "resource=https://vault.azure.net";
const query = ({ clientId }: Azure) => `${RESOURCE}&client_id=${clientId}`;
const group = "aadpodidentity.k8s.io/v1";

export const asking = ({ solo, left, right, principal }: Identities): Asking => ({
  solo: { only: solo.clientId },
  [NAMING]: { left: left.clientId, right: right.clientId },
  excepted: { named: solo.clientId },
  principal: { only: principal.clientId },
});

/** The pod that NMI has IMDS answer. */
const EXCEPTED = "excepted";
/** The pod that names the identity it asks for, so that IMDS itself would give it the same token. */
const NAMING = "pair";

/** What a user of the original has in a file of values: a cloud of their own, and an identity. */
export const originalValuesOf = ({ solo }: Identities): Values => ({
  mic: { customCloud: { enabled: true } },
  azureIdentities: {
    solo: {
      namespace: APPS,
      type: 0,
      resourceID: solo.id,
      clientID: solo.clientId,
      binding: { name: "solo-binding", selector: "solo" },
    },
  },
});

/** The same identity, for those who have no release. */
export const soloObjects = ({ solo }: Identities) =>
  identity("solo", { type: 0, resourceID: solo.id, clientID: solo.clientId }, "solo");

/** Everything in the namespace of the applications; identities that the release makes are not in it. */
export function workload(identities: Identities, { tenant }: AzureFacts, authority: string): readonly object[] {
  const { solo, left, right, passing, principal } = identities;
  const source = readFileSync(join(import.meta.dirname, "ask.ts"), "utf8");
  const secret = { name: "principal", namespace: APPS };
  const signIn = { tenantID: tenant, clientID: principal.clientId, clientPassword: secret, adEndpoint: authority };
  return [
    inApps("v1", "ConfigMap", "ask", { data: { "ask.ts": source } }),
    inApps("v1", "Secret", "principal", { stringData: { clientSecret: principal.secret } }),
    ...identity("principal", { type: 1, ...signIn }, "principal"),
    ...identity("left", { type: 0, resourceID: left.id, clientID: left.clientId }, "pair"),
    ...identity("right", { type: 0, resourceID: right.id, clientID: right.clientId }, "pair"),
    ...identity("passing", { type: 0, resourceID: passing.id, clientID: passing.clientId }, "passing"),
    inApps(group, "AzurePodIdentityException", EXCEPTED, { spec: { podLabels: { app: EXCEPTED } } }),
    inApps("apps/v1", "DaemonSet", "solo", spec("solo", "solo", { only: RESOURCE })),
    // All identities but that of what passes are on node1, so that nobody is told who they are there.
    inApps("apps/v1", "Deployment", NAMING, spec(NAMING, "pair", { left: query(left), right: query(right) }, "node1")),
    inApps("apps/v1", "Deployment", EXCEPTED, spec(EXCEPTED, "", { named: query(solo) }, "node1")),
    inApps("apps/v1", "Deployment", "principal", spec("principal", "principal", { only: RESOURCE }, "node2")),
    inApps("apps/v1", "Deployment", "passing", passingSpec),
  ];
}

const inApps = (apiVersion: string, kind: string, name: string, content: object) => ({
  apiVersion,
  kind,
  metadata: { name, namespace: APPS },
  ...content,
});

function identity(name: string, spec: object, selector: string): readonly object[] {
  return [
    inApps(group, "AzureIdentity", name, { spec }),
    inApps(group, "AzureIdentityBinding", name, { spec: { azureIdentity: name, selector } }),
  ];
}

function spec(app: string, selector: string, asks: Readonly<Record<string, string>>, node?: string) {
  const container = {
    name: "ask",
    image: imageOf("demo"),
    command: ["/usr/local/bin/node", "/ask/ask.ts"],
    env: [
      { name: "ASKS", value: JSON.stringify(asks) },
      { name: "EVERY_MS", value: String(app === "principal" ? PRINCIPAL_EVERY_MS : EVERY_MS) },
    ],
    volumeMounts: [{ name: "ask", mountPath: "/ask" }],
  };
  const nodeSelector = node && { "kubernetes.io/hostname": node };
  const volumes = [{ name: "ask", configMap: { name: "ask" } }];
  const pod = { containers: [container], volumes, nodeSelector, terminationGracePeriodSeconds: 0 };
  return { spec: { selector: { matchLabels: { app } }, template: template(app, selector, pod) } };
}

const template = (app: string, selector: string, pod: object) => ({
  metadata: { labels: { app, ...(selector && { aadpodidbinding: selector }) } },
  spec: pod,
});

/** Pods that ask nothing, whose comings and goings let MIC change records and machines all the time. */
const passingSpec = {
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: "passing" } },
    template: template("passing", "passing", {
      containers: [{ name: "pause", image: "cluster.local/pause:1" }],
      terminationGracePeriodSeconds: 0,
    }),
  },
};
