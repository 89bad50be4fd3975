import { onTestFinished } from "vitest";
import { startKubeApi } from "../../../src/sandbox/kube-api/server.ts";
import { eventually } from "../time/eventually.ts";
import { type Body, call, MERGE_PATCH } from "./kube-call.ts";

const APPS = "/apis/apps/v1/namespaces/default";
const PODS = "/api/v1/namespaces/default/pods";

type Item = Body & {
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
};

/** The embedded API server with its controllers and two nodes; nothing runs there, so tests say what becomes of pods. */
export async function startWorkloadTest() {
  const api = await startKubeApi({ controllers: true });
  onTestFinished(() => api[Symbol.asyncDispose]());
  for (const name of ["node-a", "node-b"]) {
    const metadata = { name, labels: { "kubernetes.io/hostname": name } };
    await call(api.url, "POST", "/api/v1/nodes", { metadata });
  }
  const get = async (path: string) => (await call(api.url, "GET", path)).body as Item;
  const list = async (path: string) => (await get(path)).items as readonly Item[];
  const merge = (path: string, body: object) => call(api.url, "PATCH", path, body, { type: MERGE_PATCH });
  const status = async (pod: string, body: object) => merge(`${PODS}/${pod}/status`, { status: body });
  return {
    ...{ url: api.url, get, list, merge },
    make: (path: string, body: object) => call(api.url, "POST", path, body),
    remove: (path: string, body: object = {}) => call(api.url, "DELETE", path, body),
    pods: () => list(PODS),
    /** Resolves once there are so many pods. */
    hasPods: (count: number) => eventually(async () => (await list(PODS)).length).toBe(count),
    ready: async (pod: string) =>
      status(pod, { phase: "Running", conditions: [{ type: "Ready", status: "True", lastTransitionTime: past() }] }),
    end: async (pod: string, phase: "Succeeded" | "Failed") => status(pod, { phase }),
    deployment: () => get(`${APPS}/deployments/web`),
    sets: () => list(`${APPS}/replicasets`),
  };
}

function past(): string {
  return new Date(Date.now() - 1000).toISOString().replace(/\.\d+/, "");
}

export function templateOf(image: string, spec: object = {}): object {
  return { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image }], ...spec } };
}

export const webSelector = { matchLabels: { app: "web" } };
