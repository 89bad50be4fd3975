import { beforeEach, onTestFinished } from "vitest";
import { startKubeApi } from "../../../src/sandbox/kube-api/server.ts";
import { call, JSON_PATCH, MERGE_PATCH } from "./kube-call.ts";

export const PODS = "/api/v1/namespaces/default/pods";
export const MAPS = "/api/v1/namespaces/default/configmaps";

/** Starts an in-memory API server of its own for every test of the file; gives raw requests to it. */
export function freshKubeApi() {
  let url = "";
  beforeEach(async () => {
    const api = await startKubeApi();
    onTestFinished(() => api[Symbol.asyncDispose]());
    url = api.url;
  });
  return {
    url: () => url,
    post: (path: string, body: unknown) => call(url, "POST", path, body),
    get: (path: string) => call(url, "GET", path),
    put: (path: string, body: unknown) => call(url, "PUT", path, body),
    remove: (path: string, options?: object) => call(url, "DELETE", path, options),
    merge: (path: string, body: unknown) => call(url, "PATCH", path, body, { type: MERGE_PATCH }),
    jsonPatch: (path: string, body: unknown) => call(url, "PATCH", path, body, { type: JSON_PATCH }),
  };
}

/** A pod as short as the API server takes it. */
export function shortPod(name: string, spec: object = {}, metadata: object = {}): object {
  return { metadata: { name, ...metadata }, spec: { containers: [{ name: "main", image: "demo:1" }], ...spec } };
}
