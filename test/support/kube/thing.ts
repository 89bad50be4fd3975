import type { Meta } from "../../../src/api/meta.ts";

/** An object with an index's word, for caches whose objects are of no kind in particular. */
export type Thing = { readonly meta: Meta; readonly size: string };

export function thing(
  name: string,
  version: number,
  over: { readonly uid?: string; readonly size?: string } = {},
): Thing {
  const { uid = `uid-of-${name}`, size = String(version) } = over;
  const meta = { name, namespace: "ns", uid, resourceVersion: String(version), generation: 0 };
  return {
    meta: { ...meta, creationTimestamp: "", deletionTimestamp: "", labels: {}, annotations: {}, finalizers: [] },
    size,
  };
}

export const ref = (name: string) => ({ namespace: "ns", name });
