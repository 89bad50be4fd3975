import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createLog } from "../src/base/log.ts";
import { KubeClient } from "../src/kube/client.ts";
import { ApiHandler } from "../src/sandbox/kube-api/handler.ts";
import type { KubeObject } from "../src/sandbox/kube-api/json.ts";
import { installCrds } from "./bench-cluster.ts";
import { type ScaleFacts, scaleObjects } from "./scale-objects.ts";

// A process of its own, so that the API server takes neither memory nor time of whoever is measured: it is sent facts,
// fills an API server in memory with the cluster that they describe, and answers with its address. It ends with the
// process that started it, however that one ends.

process.once("disconnect", () => process.exit(0));
const [facts] = (await once(process, "message")) as [ScaleFacts];
const api = new ApiHandler({});
const server = createServer((request, response) => void api.handle(request, response)).listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
if (address === null || typeof address === "string") throw new Error("the API server has no port");
const url = `http://127.0.0.1:${address.port}`;

const access = { server: url, credentials: async () => ({}) };
const client = new KubeClient(access, { userAgent: "bench", log: createLog({ write: () => {} }) });
await installCrds(client, AbortSignal.timeout(60_000));
await client[Symbol.asyncDispose]();
// Past the checks of a request, which would take minutes for so many objects.
for (const { group, plural, object } of scaleObjects(facts)) {
  const { metadata, ...content } = object as KubeObject;
  const given = { uid: randomUUID(), generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" };
  api.cluster.store.put({ group, plural }, { ...content, metadata: { ...metadata, ...given } } as KubeObject);
}
process.send?.(url);
