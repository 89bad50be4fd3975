import fc from "fast-check";
import { Histogram as PromHistogram, Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { Histogram } from "./histogram.ts";

const family = { name: "took_seconds", help: "How long it took.", labels: ["who", "status"], buckets: [0.5, 1, 2.5] };

/** A family's lines in an order of their own, with the labels of each in one. */
function linesOf(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split('",').sort()}}`)).sort();
}

async function byPromClient(seen: readonly (readonly [labels: Record<string, string>, value: number])[]) {
  const registry = new Registry();
  const { labels, ...rest } = family;
  const histogram = new PromHistogram({ ...rest, labelNames: labels, registers: [registry] });
  for (const [these, value] of seen) histogram.observe(these, value);
  return registry.metrics();
}

const label = fc.stringMatching(/^[a-z"\\\n{}= ]*$/);
const values = fc.array(
  fc.tuple(fc.record({ who: label, status: label }, { requiredKeys: ["who"] }), fc.integer({ min: 0, max: 16 })),
);

describe("a histogram", () => {
  it("is exposed as prom-client exposes it, whatever was seen", async () => {
    await fc.assert(
      fc.asyncProperty(values, async (seen) => {
        const quarters = seen.map(([labels, value]) => [labels, value / 4] as const);
        const ours = new Histogram(family);
        for (const [labels, value] of quarters) ours.series(labels).observe(value);
        expect(linesOf(ours.expose())).toEqual(linesOf(await byPromClient(quarters)));
      }),
    );
  });

  it("counts values of a series that is held on to with those of the same labels", () => {
    const histogram = new Histogram(family);
    const held = histogram.series({ who: "web", status: "200" });
    held.observe(0.5);
    histogram.series({ status: "200", who: "web" }).observe(3);
    expect(histogram.expose()).toContain('took_seconds_count{who="web",status="200"} 2\n');
    expect(histogram.expose()).toContain('took_seconds_bucket{le="0.5",who="web",status="200"} 1\n');
  });

  it("has its one series from the start when it has no labels", () => {
    const { labels: _, ...rest } = family;
    expect(new Histogram({ ...rest, labels: [] }).expose()).toContain("took_seconds_sum 0\ntook_seconds_count 0\n");
  });

  it("refuses a label that the family has not", () => {
    expect(() => new Histogram(family).series({ where: "here" })).toThrow("the metric has no label where");
  });
});
