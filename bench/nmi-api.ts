import { type Kind, kinds } from "../src/api/kinds.ts";
import { createLog } from "../src/base/log.ts";
import { KubeClient } from "../src/kube/client.ts";
import { type ObjectRef, rawMeta } from "../src/kube/wire.ts";
import { accessTo, type ControlPlaneAddress } from "../test/support/kube/control-plane.ts";
import { answering } from "../test/support/netns/answering.ts";
import { installCrds } from "./bench-cluster.ts";
import { monotonicMs } from "./monotonic.ts";
import type { StoredObject } from "./scale-objects.ts";

// Fills the API server on loopback of the node.

type Question = { readonly use: ControlPlaneAddress } | { readonly put: readonly StoredObject[] };

const LIMIT_MS = 60_000;
const log = createLog({ write: () => {} });
const known = new Set<string>();
let client: KubeClient | undefined;

/** Creates an object, or changes the one with its name; and a pod's status, which is written apart. */
async function write(kind: Kind, object: object, signal: AbortSignal): Promise<void> {
  if (client === undefined) throw new Error("no API server was named");
  const ref = rawMeta(object);
  const key = `${kind.plural}/${ref.name}`;
  if (known.has(key)) await client.patch(kind, ref, { type: "merge", body: object }, signal);
  else await client.create(kind, ref.namespace, object, signal);
  known.add(key);
  if (kind === kinds.pod) await client.patch(...statusOf(kind, ref), { type: "merge", body: object }, signal);
}

/** A subresource: to the client a kind with one object that has no name. */
function statusOf(kind: Kind, { namespace, name }: ObjectRef): [Kind, ObjectRef] {
  return [
    { ...kind, plural: `${kind.plural}/${name}/status` },
    { namespace, name: "" },
  ];
}

/** One kind after the other, so that what refers to another object comes later. */
async function put(objects: readonly StoredObject[]): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  for (const [plural, some] of Map.groupBy(objects, (one) => one.plural)) {
    const kind = Object.values(kinds).find((each) => each.plural === plural);
    if (kind === undefined) throw new Error(`there is no kind ${plural}`);
    await Promise.all(some.map(({ object }) => write(kind, object, signal)));
  }
}

answering(async (question: Question) => {
  const atMs = monotonicMs();
  if ("put" in question) {
    await put(question.put);
    return { atMs };
  }
  client = new KubeClient(accessTo(question.use), { userAgent: "bench", log });
  await installCrds(client, AbortSignal.timeout(LIMIT_MS));
  return {};
});
