import { once } from "node:events";
import * as http from "node:http";
import { text } from "node:stream/consumers";
import type { ContainerStatus, Pod, PodSpec } from "kubernetes-types/core/v1.d.ts";
import { eventually } from "../time/eventually.ts";

/** The API server's own answers, without any client of ours between. */
export class RawKube {
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  /** The answer's JSON; a refusal is a value too. */
  async call<T>(method: string, path: string, body?: object): Promise<T & { readonly code?: number }> {
    const json = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
      "content-length": Buffer.byteLength(json), // Node adds none to a DELETE
    };
    // A connection a call: one that is kept could be closed by what a test does to the server.
    const request = http.request(new URL(path, this.#server), { method, headers, agent: false });
    request.end(json);
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    return JSON.parse(await text(response));
  }

  get(path: string) {
    return this.call<Record<string, unknown>>("GET", path);
  }

  /** A pod of the namespace `default` as it is now; `code: 404` when it is not there. */
  pod(name: string) {
    return this.call<Pod>("GET", `/api/v1/namespaces/default/pods/${name}`);
  }

  /** Makes a pod on `node-0` whose container runs `script` by the image of that name. */
  createPod(name: string, script: string, over: Partial<PodSpec> & { readonly image?: string } = {}) {
    const { image = "script:1", containers = [{ name: "main", image, args: [script] }], ...spec } = over;
    const metadata = { name, namespace: "default" };
    const body = { apiVersion: "v1", kind: "Pod", metadata, spec: { nodeName: "node-0", containers, ...spec } };
    return this.call<Pod>("POST", "/api/v1/namespaces/default/pods", body);
  }

  /** The pod once its container runs. */
  async running(name: string): Promise<Pod> {
    await eventually(async () => containerOf(await this.pod(name))?.ready).toBe(true);
    return this.pod(name);
  }

  deletePod(name: string, options: { readonly gracePeriodSeconds?: number } = {}) {
    return this.call<Pod>("DELETE", `/api/v1/namespaces/default/pods/${name}`, options);
  }
}

/** The status of a pod's only container. */
export function containerOf(pod: Pod): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.[0];
}

/** The process that the stand-in kubelet runs, or has run, for a pod. */
export function pidOf(pod: Pod): number {
  return Number(containerOf(pod)?.containerID?.split("//")[1]);
}
