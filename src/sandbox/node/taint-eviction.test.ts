import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { expect, it } from "vitest";
import { patienceMs, TaintEviction } from "./taint-eviction.ts";

const taint = (key: string) => ({ key, effect: "NoExecute" });
const toleration = (key: string, tolerationSeconds?: number) => ({
  ...{ key, operator: "Exists" },
  ...(tolerationSeconds !== undefined && { tolerationSeconds }),
});

it.each([
  { when: "it tolerates nothing", tolerations: [], then: 0 },
  { when: "it tolerates one of two", tolerations: [toleration("a")], then: 0 },
  { when: "it tolerates both", tolerations: [toleration("a"), toleration("b")], then: Number.POSITIVE_INFINITY },
  { when: "it tolerates both for a time", tolerations: [toleration("a", 9), toleration("b", 3)], then: 3_000 },
  { when: "it tolerates one for a time", tolerations: [toleration("a", 9), toleration("b")], then: 9_000 },
  { when: "its patience is less than none", tolerations: [toleration("a", -1), toleration("b")], then: 0 },
])("a pod stays beside taints for $then ms when $when", ({ tolerations, then }) => {
  expect(patienceMs({ tolerations }, [taint("a"), taint("b")])).toBe(then);
});

it("counts a pod's patience anew when it was without the taint meanwhile", async () => {
  let ms = 0;
  const deleted: Pod[] = [];
  const pod = { metadata: { uid: "u" }, spec: { containers: [], tolerations: [toleration("a", 10)] } };
  const api = {
    listPods: async () => ({ items: [pod] }),
    deletePod: async (each: Pod) => void deleted.push(each),
  };
  const eviction = new TaintEviction(api, { tell: () => {} }, { monotonic: () => ms });
  const look = (at: number, ...taints: readonly string[]) => {
    ms = at;
    return eviction.look(
      [{ metadata: { name: "n" }, spec: { taints: taints.map(taint) } }],
      new AbortController().signal,
    );
  };
  await look(0, "a");
  await look(6_000);
  await look(12_000, "a");
  await look(21_999, "a");
  expect(deleted).toEqual([]);
  await look(22_000, "a");
  expect(deleted).toEqual([pod]);
});
