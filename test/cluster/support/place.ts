import type { Rendered, Run } from "../../support/chart/helm.ts";
import { urls } from "./azure-facts.ts";
import { SECRET } from "./azure-vault.ts";
import type { Cluster } from "./cluster.ts";
import { type PodObject, type PodWishes, podOf } from "./pods.ts";
import { told } from "./runners.ts";

/** A machine that is changed too often has to wait its turn for most of a minute. */
const PATIENCE = "--timeout=150s";
/** Where MIC keeps the records of all namespaces. */
export const RECORDS = "default";

/** An identity in Azure, under its AzureIdentity's name. */
export type Identity = { readonly name: string; readonly id: string; readonly clientId: string };

/** A namespace of one test, with what users make in it. Disposing of it waits until nothing of it is left. */
export type Place = ReturnType<typeof placeIn>;

let made = 0;

type Mode = {
  /** Whether each namespace has its own records, as in namespaced mode. */
  readonly isNamespaced?: boolean;
};

export async function newPlace(cluster: Cluster, what: string, { isNamespaced = false }: Mode = {}): Promise<Place> {
  made += 1;
  const namespace = `${what}-${process.pid.toString(36)}-${made}`;
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  return placeIn(cluster, namespace, isNamespaced ? namespace : RECORDS);
}

function placeIn(cluster: Cluster, namespace: string, recordsIn: string) {
  const here = `--namespace=${namespace}`;
  const object = (kind: string, name: string, spec: object) => {
    return { apiVersion: "aadpodidentity.k8s.io/v1", kind, metadata: { name, namespace }, spec };
  };
  /** The label's value that leads to an identity, different from those of all other tests. */
  const selectorOf = (name: string) => `${namespace}-${name}`;
  const identityObject = ({ name, id, clientId }: Identity) =>
    object("AzureIdentity", name, { type: 0, resourceID: id, clientID: clientId });
  const bindingObject = (name: string, selector = selectorOf(name)) =>
    object("AzureIdentityBinding", `${name}-binding`, { azureIdentity: name, selector });

  const place = {
    namespace,
    selectorOf,
    identityObject,
    bindingObject,
    kubectl: (...args: readonly string[]) => cluster.kubectl(...args, here),
    /** An identity in Azure, its name unlike those of other tests. */
    azureIdentity: async (name: string): Promise<Identity> => {
      const { id, clientId } = await cluster.azure.createIdentity(`${namespace}-${name}`);
      return { name, id, clientId };
    },
    /** An identity in Azure with its AzureIdentity, and its binding to pods with the label `selectorOf(name)`. */
    identity: async (name: string): Promise<Identity> => {
      const identity = await place.azureIdentity(name);
      await cluster.apply(identityObject(identity), bindingObject(name));
      return identity;
    },
    podObject: (name: string, { selector = name, ...wishes }: PodWishes = {}): PodObject =>
      podOf(namespace, name, { ...wishes, selector: selector === null ? null : selectorOf(selector) }),
    /** A pod that waits until checks are run in it, and has the label of the identity of its name, or of `selector`. */
    pod: async (name: string, wishes: PodWishes = {}): Promise<void> => {
      await cluster.apply(place.podObject(name, wishes));
    },
    ready: (...pods: readonly string[]) =>
      place.kubectl("wait", ...pods.map((pod) => `pod/${pod}`), "--for=condition=Ready", PATIENCE),
    /** Waits until MIC has recorded that the pod has the identity, and says so. */
    assigned: (pod: string, identity: string, state = "Assigned") =>
      place.recordIs(`${pod}-${namespace}-${identity}`, state),
    recordIs: async (record: string, state: string) => {
      const wait = ["wait", `azureassignedidentity/${record}`, `--namespace=${recordsIn}`, PATIENCE];
      await cluster.kubectl(...wait, "--for=create");
      await cluster.kubectl(...wait, `--for=jsonpath={.status.status}=${state}`);
    },
    /** `pod identity state` of every record of pods of this namespace. */
    records: async (): Promise<readonly string[]> => {
      const { items } = await cluster.get("azureassignedidentities", "--all-namespaces");
      return (items as readonly Rendered[])
        .filter(({ spec }) => spec.podNamespace === namespace)
        .map(({ spec, status }) => `${spec.pod} ${spec.azureIdentityRef.metadata.name} ${status?.status}`)
        .sort();
    },
    /** Waits until MIC has no record of the pod and the identity, or of any pod of this namespace. */
    unassigned: async (pod?: string, identity?: string) => {
      const names = await recordNames(cluster, namespace, recordsIn);
      const gone = pod === undefined ? names : names.filter((name) => name === `${pod}-${namespace}-${identity}`);
      if (gone.length === 0) return;
      const records = gone.map((name) => `azureassignedidentity/${name}`);
      await cluster.kubectl("wait", ...records, `--namespace=${recordsIn}`, "--for=delete", PATIENCE);
    },
    /** Runs a program in a pod; what happens is for the caller to judge. */
    exec: (pod: string, ...command: readonly string[]): Promise<Run> =>
      cluster.tryKubectl(["exec", pod, here, "--", ...command]),
    /** Runs identityvalidator in a pod: by client ID a secret is read, and a token without a name is asked for. */
    check: (pod: string, ...flags: readonly string[]) =>
      place.exec(pod, "node", "/app/identityvalidator.cjs", ...vaultFlags, ...flags),
    /** The checks hold. @throws Error with what the pod says where they do not */
    validates: async (pod: string, { clientId, id }: Pick<Identity, "clientId" | "id">) => {
      told(await place.check(pod, `--identity-client-id=${clientId}`, `--identity-resource-id=${id}`));
    },
    /** What a pod is answered that asks for a token, of the identity with a client ID where one is given. */
    asks: async (pod: string, clientId = "", withinMs = 5_000): Promise<Answered> => {
      const query = clientId === "" ? "" : `&client_id=${clientId}`;
      return JSON.parse(told(await place.exec(pod, "node", "-e", ASKING, query, String(withinMs)))) as Answered;
    },
    [Symbol.asyncDispose]: async () => {
      await place.kubectl(
        "delete",
        "azureidentitybindings,azurepodidentityexceptions,jobs,deployments,pods",
        "--all",
        "--now",
      );
      await place.unassigned();
      await cluster.kubectl("delete", "namespace", namespace, "--wait=false"); // it is empty by now
    },
  };
  return place;
}

/** Status 0: there was no answer in time, or no connection. `appId` is whom the token is for. */
type Answered = {
  readonly status: number;
  readonly appId?: string;
  readonly text: string;
  readonly retryAfter?: string;
};

export const TOKEN_URL =
  "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
const ASKING = `
const [, query, ms] = process.argv;
const tell = (value) => console.log(JSON.stringify(value));
fetch("${TOKEN_URL}" + query, { headers: { Metadata: "true" }, signal: AbortSignal.timeout(Number(ms)) }).then(async (answer) => {
  const text = await answer.text();
  const [, claims] = (answer.status === 200 ? JSON.parse(text).access_token : "").split(".");
  const appId = claims && JSON.parse(Buffer.from(claims, "base64url")).appid;
  tell({ status: answer.status, appId, text: appId ? "" : text, retryAfter: answer.headers.get("retry-after") ?? undefined });
}, (reason) => tell({ status: 0, text: String(reason.cause ?? reason) }));
`;

const vaultFlags = [`--keyvault-url=${urls.vault}`, `--keyvault-secret-name=${SECRET.name}`];

async function recordNames(cluster: Cluster, namespace: string, recordsIn: string): Promise<readonly string[]> {
  const { items } = await cluster.get("azureassignedidentities", `--namespace=${recordsIn}`);
  const mine = (items as readonly Rendered[]).filter(({ spec }) => spec.podNamespace === namespace);
  return mine.map(({ metadata }) => metadata.name);
}
