import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { text } from "node:stream/consumers";
import type { Event, Node, NodeCondition, Pod, PodList, PodStatus } from "kubernetes-types/core/v1.d.ts";
import { Fault } from "../../base/fault.ts";
import { linesOf, refusal } from "./api-answer.ts";

/** Where an API server is and how to be let in; certificates and keys are PEM text. */
export type KubeAccess = {
  readonly server: string;
  readonly ca?: string;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
};
export type PodEvent = { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: Pod };

type Call = { readonly method: string; readonly path: string; readonly body?: object; readonly idleMs?: number };

const WATCH_SECONDS = 300;
const ANSWER_MS = 10_000;
/** Nothing here renews a token, so it lasts longer than a sandbox does. */
const TOKEN_SECONDS = 30 * 24 * 3600;
const MERGE_PATCH = "application/merge-patch+json";
const NOT_READY = "node.kubernetes.io/not-ready";

/**
 * The few calls that a kubelet and a scheduler make, over its own connections: this client shares no code with the one that MIC and
 * NMI use, so that neither hides the other's mistakes. A refusal is a Fault of the KUBE_ kind.
 */
export class NodeApi implements AsyncDisposable {
  readonly #access: KubeAccess;
  readonly #node: string;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;

  constructor(access: KubeAccess, node: string) {
    const { ca, cert, key } = access;
    const secure = access.server.startsWith("https:");
    this.#access = access;
    this.#node = node;
    this.#agent = secure ? new https.Agent({ keepAlive: true, ca, cert, key }) : new http.Agent({ keepAlive: true });
    this.#request = secure ? https.request : http.request;
  }

  /** Makes the Node, or brings the one that is there up to date. */
  async writeNode(node: Node, signal: AbortSignal): Promise<void> {
    const { metadata, spec, status } = node;
    const path = `/api/v1/nodes/${this.#node}`;
    try {
      await this.#send({ method: "POST", path: "/api/v1/nodes", body: node }, signal);
    } catch (reason) {
      if (!Fault.is(reason, "KUBE_CONFLICT")) throw reason;
      await this.#send({ method: "PATCH", path, body: { metadata: { labels: metadata?.labels }, spec } }, signal);
    }
    const written = await this.#send({ method: "PATCH", path: `${path}/status`, body: { status } }, signal);
    // A real API server holds every new node off; the controller that lets it in may not be there.
    const { taints = [] } = (JSON.parse(written) as Node).spec ?? {};
    const left = taints.filter(({ key }) => key !== NOT_READY);
    if (left.length === taints.length) return;
    await this.#send({ method: "PATCH", path, body: { spec: { taints: left } } }, signal);
  }

  /** Says that the Node is not ready, and keeps new pods off it. */
  async holdNode(condition: NodeCondition, signal: AbortSignal): Promise<void> {
    const path = `/api/v1/nodes/${this.#node}`;
    const body = { status: { conditions: [condition] } };
    const { spec } = JSON.parse(await this.#send({ method: "PATCH", path: `${path}/status`, body }, signal)) as Node;
    const taints = [...(spec?.taints ?? []), { key: NOT_READY, effect: "NoSchedule" }];
    await this.#send({ method: "PATCH", path, body: { spec: { taints } } }, signal);
  }

  /** Takes the Node away; one that has gone already is fine. */
  async removeNode(signal: AbortSignal): Promise<void> {
    await this.#send({ method: "DELETE", path: `/api/v1/nodes/${this.#node}` }, signal).catch((reason) => {
      if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason;
    });
  }

  /** Whether the namespace was made; one that is there already is fine. */
  async makeNamespace(name: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#send({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name } } }, signal);
      return true;
    } catch (reason) {
      if (Fault.is(reason, "KUBE_CONFLICT")) return false;
      throw reason;
    }
  }

  async removeNamespace(name: string, signal: AbortSignal): Promise<void> {
    await this.#send({ method: "DELETE", path: `/api/v1/namespaces/${name}` }, signal);
  }

  /** All nodes, whoever runs them. */
  async listNodes(signal: AbortSignal): Promise<readonly Node[]> {
    return JSON.parse(await this.#send({ method: "GET", path: "/api/v1/nodes" }, signal)).items;
  }

  /** All pods that are bound to the node, or to another. */
  async listPods(signal: AbortSignal, node = this.#node): Promise<PodList> {
    return JSON.parse(await this.#send({ method: "GET", path: podsPath(node, {}) }, signal));
  }

  /** What happens to them from then on; returns when the server ends the watch. */
  async *watchPods(resourceVersion: string, signal: AbortSignal): AsyncGenerator<PodEvent> {
    const query = { watch: "true", allowWatchBookmarks: "true", timeoutSeconds: `${WATCH_SECONDS}`, resourceVersion };
    const call = { method: "GET", path: podsPath(this.#node, query), idleMs: (WATCH_SECONDS + 30) * 1_000 };
    const response = await this.#open(call, signal);
    for await (const line of linesOf(response)) {
      const { type, object } = JSON.parse(line);
      if (type === "ERROR") throw refusal(object?.code ?? 500, object?.message ?? line, "watching pods");
      yield { type, object };
    }
  }

  /** Replaces what the node owns of a pod's status; only of the pod with that UID. */
  async writeStatus(pod: Pod, status: PodStatus, signal: AbortSignal): Promise<void> {
    const body = { metadata: { uid: pod.metadata?.uid }, status };
    await this.#send({ method: "PATCH", path: `${podPath(pod)}/status`, body }, signal);
  }

  /** Gives a pod that has no node its place. */
  async bindPod(pod: Pod, node: string, signal: AbortSignal): Promise<void> {
    const target = { apiVersion: "v1", kind: "Node", name: node };
    const metadata = { name: pod.metadata?.name, uid: pod.metadata?.uid };
    const body = { apiVersion: "v1", kind: "Binding", metadata, target };
    await this.#send({ method: "POST", path: `${podPath(pod)}/binding`, body }, signal);
  }

  /** Has a pod ended in its own time; one that has gone already is fine. */
  async deletePod(pod: Pod, signal: AbortSignal): Promise<void> {
    const body = { preconditions: { uid: pod.metadata?.uid } };
    await this.#send({ method: "DELETE", path: podPath(pod), body }, signal).catch((reason) => {
      if (!Fault.is(reason, "KUBE_NOT_FOUND", "KUBE_CONFLICT")) throw reason;
    });
  }

  /** Takes a pod out of the API at once: its processes are gone. */
  async removePod(pod: Pod, signal: AbortSignal): Promise<void> {
    const body = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata?.uid } };
    await this.#send({ method: "DELETE", path: podPath(pod), body }, signal);
  }

  /** The values of a Secret or a ConfigMap by key; undefined when there is no such object. */
  async keyValues(
    kind: "secrets" | "configmaps",
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Buffer> | undefined> {
    try {
      const text = await this.#send({ method: "GET", path: `/api/v1/namespaces/${namespace}/${kind}/${name}` }, signal);
      const { data = {}, binaryData = {} } = JSON.parse(text);
      const read = (values: Readonly<Record<string, string>>, form: "utf8" | "base64") =>
        Object.entries(values).map(([key, value]) => [key, Buffer.from(value, form)] as const);
      return new Map([...read(data, kind === "secrets" ? "base64" : "utf8"), ...read(binaryData, "base64")]);
    } catch (reason) {
      if (Fault.is(reason, "KUBE_NOT_FOUND")) return undefined;
      throw reason;
    }
  }

  async makeEvent(event: Event, signal: AbortSignal): Promise<void> {
    const { namespace } = event.metadata;
    await this.#send({ method: "POST", path: `/api/v1/namespaces/${namespace}/events`, body: event }, signal);
  }

  /** Says that what an event tells has happened again. */
  async countEvent({ metadata, count, lastTimestamp }: Event, signal: AbortSignal): Promise<void> {
    const path = `/api/v1/namespaces/${metadata.namespace}/events/${metadata.name}`;
    await this.#send({ method: "PATCH", path, body: { count, lastTimestamp } }, signal);
  }

  /**
   * A token of the pod's service account that ends with the pod; undefined when there is no such account. Without an audience it
   * is for the API server.
   */
  async requestToken(pod: Pod, signal: AbortSignal, audience?: string): Promise<string | undefined> {
    const { namespace, name, uid } = pod.metadata ?? {};
    const account = pod.spec?.serviceAccountName || "default";
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name, uid };
    const audiences = audience === undefined ? {} : { audiences: [audience] };
    const body = { spec: { expirationSeconds: TOKEN_SECONDS, boundObjectRef, ...audiences } };
    try {
      return JSON.parse(await this.#send({ method: "POST", path, body }, signal)).status.token;
    } catch (reason) {
      if (Fault.is(reason, "KUBE_NOT_FOUND")) return undefined;
      throw reason;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  async #send(call: Call, signal: AbortSignal): Promise<string> {
    const response = await this.#open(call, signal);
    return text(response).catch((reason) => Promise.reject(unreachable(this.#access, reason)));
  }

  async #open({ method, path, body, idleMs = ANSWER_MS }: Call, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { server, token } = this.#access;
    const json = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      "content-type": method === "PATCH" ? MERGE_PATCH : "application/json",
      "content-length": Buffer.byteLength(json), // Node adds none to a DELETE
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const request = this.#request(new URL(path, server), { method, headers, agent: this.#agent, signal });
    request.setTimeout(idleMs, () => request.destroy(new Error(`no answer within ${idleMs} ms`)));
    request.end(json);
    const [response] = (await once(request, "response").catch((reason) => {
      throw signal.aborted ? signal.reason : unreachable(this.#access, reason);
    })) as [http.IncomingMessage];
    request.on("error", () => {}); // from here on the response tells
    const { statusCode = 500 } = response;
    if (statusCode < 300) return response;
    throw refusal(statusCode, await text(response), `${method} ${path}`);
  }
}

function podsPath(node: string, query: Readonly<Record<string, string>>): string {
  return `/api/v1/pods?${new URLSearchParams({ fieldSelector: `spec.nodeName=${node}`, ...query })}`;
}

function podPath({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`;
}

function unreachable({ server }: KubeAccess, reason: Error): Fault {
  const message = `the Kubernetes API server at ${server} does not answer (${reason.message}): check that it runs`;
  return new Fault("KUBE_UNREACHABLE", message, { cause: reason });
}
