import { expect, it } from "vitest";
import { Metrics } from "../../base/metrics.ts";
import { nmiMetrics } from "../metrics.ts";
import { readiness } from "./readiness.ts";

const TROUBLE = "the rules cannot be read";

it.each([
  { when: "it starts", state: { isServing: false }, told: ["0", false, undefined] },
  { when: "it serves", state: { isServing: true }, told: ["1", true, undefined] },
  { when: "its rules stand", state: { isServing: true, trouble: undefined }, told: ["1", true, undefined] },
  { when: "its rules do not stand", state: { isServing: true, trouble: TROUBLE }, told: ["0", false, TROUBLE] },
  { when: "it starts and cannot lay them", state: { isServing: false, trouble: TROUBLE }, told: ["0", false, TROUBLE] },
])("gauge and probes say the same when $when", async ({ state: { isServing, ...rules }, told }) => {
  const metrics = new Metrics(nmiMetrics);
  const { state, isActive, trouble } = readiness(metrics);
  state.isServing = isServing;
  if ("trouble" in rules) state.interception = { trouble: () => rules.trouble };
  const gauge = /^aadpodidentity_nmi_serving (\d)$/m.exec((await metrics.expose()).body)?.[1];
  expect([gauge, isActive(), trouble()]).toEqual(told);
});
