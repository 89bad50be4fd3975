import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createLog } from "../src/base/log.ts";
import { KubeClient } from "../src/kube/client.ts";
import { createAuthority } from "../src/sandbox/certificates.ts";
import { ApiHandler } from "../src/sandbox/kube-api/handler.ts";
import type { KubeObject } from "../src/sandbox/kube-api/json.ts";
import { answering } from "../test/support/netns/answering.ts";
import { installCrds } from "./bench-cluster.ts";
import { monotonicMs } from "./monotonic.ts";
import type { StoredObject } from "./scale-objects.ts";

// A Kubernetes API server in memory on loopback of the node; objects are put past the checks of a request.

type Question = { readonly access: true } | { readonly put: readonly StoredObject[] };

const api = new ApiHandler({});
const authority = await createAuthority();
const server = createServer(
  await authority.serverCertificate(),
  (request, response) => void api.handle(request, response),
);
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
const ca = authority.caPem;
const access = { server: `https://127.0.0.1:${port}`, credentials: async () => ({ ca }) };
const client = new KubeClient(access, { userAgent: "bench", log: createLog({ write: () => {} }) });
await installCrds(client, AbortSignal.timeout(60_000));
await client[Symbol.asyncDispose]();

function put({ group, plural, object }: StoredObject): void {
  const { metadata, ...content } = object as KubeObject;
  const uid = `uid-of-${plural}-${metadata.name}`;
  const given = { uid, generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" };
  api.cluster.store.put({ group, plural }, { ...content, metadata: { ...metadata, ...given } } as KubeObject);
}

answering((question: Question) => {
  if ("access" in question) return { port, ca };
  const atMs = monotonicMs();
  for (const one of question.put) put(one);
  return { atMs };
});
