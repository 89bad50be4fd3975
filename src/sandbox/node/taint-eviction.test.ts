import { expect, it } from "vitest";
import { patienceMs } from "./taint-eviction.ts";

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
