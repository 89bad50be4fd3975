import { expect, it } from "vitest";
import { statusText } from "./text.ts";

const view = { nodes: 2, phases: [], leader: undefined, tokens: 0, lastEvent: undefined };

it.each([
  [view, "2 nodes · no pods · no MIC leads · 0 tokens"],
  [
    { ...view, nodes: 1, phases: ["Pending", "Running", "Running", "", "Failed"], leader: "mic-a", tokens: 1 },
    "1 node · 5 pods: 2 Running, 1 Pending, 1 Failed, 1 Unknown · MIC leads: mic-a · 1 token",
  ],
  [
    { ...view, phases: ["Succeeded"], lastEvent: "Warning X Pod/a: b" },
    "2 nodes · 1 pod: 1 Succeeded · no MIC leads · 0 tokens · Warning X Pod/a: b",
  ],
])("tells %j", (given, says) => {
  expect(statusText(given)).toBe(says);
});
