import * as v from "valibot";
import { Secret } from "../base/secret.ts";
import { kinds } from "./kinds.ts";
import { type Meta, objectSchema, readObject } from "./meta.ts";

const secretSchema = objectSchema({ data: v.optional(v.nullable(v.record(v.string(), v.string()), {}), {}) });

/** A Secret of Kubernetes: its values by key, each still in base64. */
export type KubeSecret = { readonly meta: Meta; readonly data: ReadonlyMap<string, Secret> };

/** Reads a Secret. @throws Fault OBJECT_INVALID, which quotes no value */
export function readSecret(raw: unknown): KubeSecret {
  const { metadata, data } = readObject(secretSchema, kinds.secret, raw);
  return { meta: metadata, data: new Map(Object.entries(data).map(([key, value]) => [key, new Secret(value)])) };
}

/** The bytes under a key; undefined when there is no such key. */
export function secretBytes({ data }: KubeSecret, key: string): Buffer | undefined {
  const value = data.get(key);
  return value === undefined ? undefined : Buffer.from(value.reveal(), "base64");
}

/** Equal for the same content only: a Secret that was deleted and made anew is another one. */
export function secretVersion({ meta }: KubeSecret): string {
  return `${meta.uid} ${meta.resourceVersion}`;
}
