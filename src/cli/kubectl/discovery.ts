import type { Kind } from "../../api/kinds.ts";
import { asRecord, asText } from "../../kube/wire.ts";
import type { KubeRequests } from "./requests.ts";

const AGGREGATED = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(",");

type Served = { readonly kind: Kind; readonly names: readonly string[] };

/** The kinds that an API server serves, by the names that people give them. */
export class Discovery {
  readonly #all: readonly Served[];

  private constructor(all: readonly Served[]) {
    this.#all = all;
  }

  static async of(requests: KubeRequests, signal: AbortSignal): Promise<Discovery> {
    const lists = await Promise.all(
      ["/api", "/apis"].map((path) => requests.json({ method: "GET", path, accept: AGGREGATED }, signal)),
    );
    return new Discovery(lists.flatMap((list) => records(asRecord(list).items).flatMap(kindsOfGroup)));
  }

  /** By a plural, a singular, a kind or a short name, in any case. */
  named(word: string): Kind | undefined {
    return this.#all.find(({ names }) => names.includes(word.toLowerCase()))?.kind;
  }

  /** The kind of an object. */
  of({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Kind | undefined {
    const [version = "", group = ""] = apiVersion.split("/").reverse();
    return this.#all.find((one) => one.kind.kind === kind && one.kind.group === group && one.kind.version === version)
      ?.kind;
  }
}

function kindsOfGroup(group: Readonly<Record<string, unknown>>): Served[] {
  const name = asText(asRecord(group.metadata).name);
  return records(group.versions).flatMap(({ version, resources }) =>
    records(resources).map((resource) => {
      const kind: Kind = {
        group: name,
        version: asText(version),
        plural: asText(resource.resource),
        kind: asText(asRecord(resource.responseKind).kind),
        isNamespaced: resource.scope === "Namespaced",
      };
      const short = Array.isArray(resource.shortNames) ? resource.shortNames.map(asText) : [];
      const names = [kind.plural, asText(resource.singularResource), kind.kind.toLowerCase(), ...short];
      return { kind, names };
    }),
  );
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}
