import { startKubeApi } from "../../../src/sandbox/kube-api/server.ts";
import { ApiProxy } from "../kube/api-proxy.ts";
import { RawKube } from "../kube/raw-kube.ts";
import { answering } from "./answering.ts";

// A Kubernetes API server on loopback of the namespace, a client of it, and a proxy before it that troubles others.
const api = await startKubeApi();
const kube = new RawKube(api.url);
const proxy = await ApiProxy.start({ server: api.url, credentials: async () => ({}) });

type Question =
  | { readonly url: true }
  | { readonly watches: true }
  | { readonly trouble: "cut" | "freeze" }
  | { readonly method: string; readonly path: string; readonly body?: object };

answering((question: Question) => {
  if ("url" in question) return { url: api.url, proxyUrl: proxy.access.server };
  if ("watches" in question) return proxy.watches;
  if (!("trouble" in question)) return kube.call(question.method, question.path, question.body);
  proxy[question.trouble]();
  return {};
});
