import { startKubeApi } from "../../src/sandbox/kube-api/server.ts";
import { answering } from "./netns-answering.ts";
import { RawKube } from "./raw-kube.ts";

// A Kubernetes API server on loopback of the namespace, and a client of it.
const api = await startKubeApi();
const kube = new RawKube(api.url);

type Question = { readonly url: true } | { readonly method: string; readonly path: string; readonly body?: object };

answering((question: Question) =>
  "url" in question ? { url: api.url } : kube.call(question.method, question.path, question.body),
);
