import { expect, it } from "vitest";
import { LiveObjects } from "../../../test/support/kube/live-objects.ts";
import { identity } from "../../../test/support/make.ts";
import type { Identity } from "../../api/identity.ts";
import { evictChanged } from "./changed.ts";

it("forgets tokens of a service principal with its AzureIdentity, and when that is changed", () => {
  const [sp, msi] = [identity("sp", { spec: { type: 2 } }), identity("msi")];
  const identities = new LiveObjects<Identity>({}, sp, msi);
  const evicted: string[] = [];
  using _evicting = evictChanged({ identities, tokens: { evict: ({ meta }) => evicted.push(meta.name) } });
  identities.put({ ...sp, meta: { ...sp.meta, labels: { a: "b" } } });
  identities.remove(msi);
  expect(evicted).toEqual([]);
  identities.put({ ...sp, tenantId: "other", meta: { ...sp.meta, generation: 2 } });
  expect(evicted).toEqual(["sp"]);
  identities.remove(sp);
  expect(evicted).toEqual(["sp", "sp"]);
});
