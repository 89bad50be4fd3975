import { type JsonObject, type KubeObject, objectOr as part } from "../../src/sandbox/kube-api/json.ts";
import { ELSEWHERE, FOREIGN_MACHINE, resourceIdOf, USUAL_MACHINES } from "./names.ts";
import type { Tally } from "./tally.ts";

/** What a forged record claims that no record of MIC says. */
export type Claim = "what it was copied from" | "a foreign machine" | "a pinned identity" | "leftovers" | "a ghost";

const claims: Readonly<Record<Claim, (object: JsonObject) => JsonObject>> = {
  "what it was copied from": (object) => object,
  "a foreign machine": (object) => annotated(object, "machine", FOREIGN_MACHINE),
  "a pinned identity": (object) => {
    const spec = part(object.spec);
    const identity = part(spec.azureIdentityRef);
    const pinned = { ...part(identity.spec), resourceID: resourceIdOf("pinned") };
    return { ...object, spec: { ...spec, azureIdentityRef: { ...identity, spec: pinned } } };
  },
  leftovers: (object) => {
    const pinned = USUAL_MACHINES.map((machine) => ({ machine, resourceId: resourceIdOf("pinned") }));
    const foreign = { machine: FOREIGN_MACHINE, resourceId: resourceIdOf("res-1") };
    return annotated(object, "leftovers", JSON.stringify([...pinned, foreign]));
  },
  "a ghost": (object) => ({ ...object, spec: { ...part(object.spec), pod: "ghost" } }),
};

/** Records that people write who are not MIC: all that is known of one is the API server's `uid` for it. */
export class Forgeries {
  readonly #inPlace = new Set<string>();
  /** By UID the version in which its author left one that lies where MIC puts none. */
  readonly #elsewhere = new Map<string, string>();

  /** What somebody makes of a record of MIC: another object, which MIC is to be no fool of. */
  of(record: KubeObject, claim: Claim, { name, isElsewhere, isGuarded }: Where): JsonObject {
    const { labels, annotations, finalizers, namespace } = record.metadata as JsonObject;
    const own = { ...(labels && { labels }), ...(annotations && { annotations }), name };
    const metadata = {
      ...own,
      namespace: isElsewhere ? ELSEWHERE : namespace,
      ...(isGuarded && !isElsewhere && finalizers && { finalizers }),
    } as JsonObject;
    return claims[claim]({ ...record, metadata });
  }

  add({ metadata }: KubeObject, claim: Claim, tally: Tally): void {
    if (metadata.namespace === ELSEWHERE) {
      this.#elsewhere.set(metadata.uid, metadata.resourceVersion);
      tally.count("a forged record in a wrong namespace");
      return;
    }
    this.#inPlace.add(metadata.uid);
    tally.count("a forged record in place");
    if (claim === "a foreign machine" || claim === "leftovers") tally.count("a forged record of a foreign machine");
    if (claim === "a pinned identity" || claim === "leftovers") tally.count("a forged record of a pinned identity");
  }

  has(uid: string): boolean {
    return this.#inPlace.has(uid);
  }

  /** Somebody who is not MIC may have changed or deleted some. */
  changed(now: ReadonlyMap<string, KubeObject>): void {
    for (const uid of this.#elsewhere.keys()) {
      const object = now.get(uid);
      if (object === undefined) this.#elsewhere.delete(uid);
      else this.#elsewhere.set(uid, object.metadata.resourceVersion);
    }
  }

  /** What was done to records that are none of MIC's business. */
  touched(now: readonly KubeObject[]): readonly string[] {
    const versions = new Map(now.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]));
    const touched = [...this.#elsewhere].filter(([uid, version]) => versions.get(uid) !== version);
    return touched.map(([uid]) => `the record ${uid} in ${ELSEWHERE} is none of MIC's, and not as its author left it`);
  }
}

type Where = { readonly name: string; readonly isElsewhere: boolean; readonly isGuarded: boolean };

function annotated(object: JsonObject, name: string, value: string): JsonObject {
  const metadata = part(object.metadata);
  const annotations = { ...part(metadata.annotations), [`aadpodidentity.k8s.io/${name}`]: value };
  return { ...object, metadata: { ...metadata, annotations } };
}
