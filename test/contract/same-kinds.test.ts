import { expect, it } from "vitest";
import { startKubeApi } from "../../src/sandbox/kube-api/server.ts";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { ask, type RawApi } from "../support/kube/same-api.ts";

type Groups = {
  readonly groups: readonly {
    readonly name: string;
    readonly versions: readonly { readonly groupVersion: string }[];
  }[];
};
type Kind = {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly singularName: string;
  readonly shortNames?: readonly string[];
};

/** Not those of custom resources, which other tests make in the real server. */
const isOwn = (path: string) =>
  !/^\/apis\/[^/]*\./.test(path) || /^\/apis\/(?!aadpodidentity)[\w.]*\.k8s\.io\//.test(path);

const read = async <T>(api: RawApi, path: string) => (await ask(api, { path })).body as T;

/** Answered, but not named: clients that found it would tell their events there. */
const UNNAMED = "/apis/events.k8s.io/v1/events";

/** All kinds of a server by group, version and plural, and what a client needs to ask for them. */
async function kindsOf(api: RawApi): Promise<ReadonlyMap<string, object>> {
  const { groups } = await read<Groups>(api, "/apis");
  const places = groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`));
  const kinds = new Map<string, object>();
  for (const place of ["/api/v1", ...places.filter(isOwn)]) {
    const { resources } = await read<{ readonly resources: readonly Kind[] }>(api, place);
    for (const { name, kind, namespaced, singularName, shortNames = [] } of resources)
      if (!name.includes("/")) kinds.set(`${place}/${name}`, { kind, namespaced, singularName, shortNames });
  }
  return kinds;
}

/** Groups and their versions, in the order in which clients look for a name. */
const placesOf = (kinds: ReadonlyMap<string, object>) => [
  ...new Set([...kinds.keys()].map((path) => path.slice(0, path.lastIndexOf("/")))),
];

onKubernetes("each kind of the real API server", (shared) => {
  const real: RawApi = { url: shared.server, ca: shared.ca, token: shared.token };

  it("is named by the sandbox's in the same way, and served or refused in a sentence", async () => {
    await using server = await startKubeApi({ tokens: new Map([["admin's", "admin-token"]]) });
    const embedded: RawApi = { url: server.url, token: "admin's" };
    const [wanted, named] = await Promise.all([kindsOf(real), kindsOf(embedded)]);
    expect(named.has(UNNAMED)).toBe(false);
    const seen = new Map([...wanted].filter(([path]) => path !== UNNAMED));
    expect([...named].filter(([path]) => !seen.has(path))).toEqual([]);
    expect([...named]).toEqual(expect.arrayContaining([...seen]));
    expect(placesOf(named)).toEqual(placesOf(seen));
    const codes = await Promise.all([...wanted.keys()].map(async (path) => (await ask(embedded, { path })).code));
    // A question of access is answered where it is posted only.
    const unknown = [...wanted.keys()].filter((_, i) => ![200, 405, 501].includes(codes[i] ?? 0));
    expect(unknown).toEqual([]);
  });
});
