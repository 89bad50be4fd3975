import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { MetricFamily } from "../src/base/metrics.ts";
import { micMetrics } from "../src/mic/metrics.ts";
import { nmiMetrics } from "../src/nmi/metrics.ts";
import { alertGroups, runbookOf } from "../tools/monitoring/files.ts";
import { rows } from "../tools/monitoring/panels.ts";
import { anchors } from "./support/chart/doc-pages.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

// One family is MIC's and NMI's, each with values of its own.
const tables: readonly Readonly<Record<string, MetricFamily>>[] = [micMetrics, nmiMetrics];
const familiesOf = (name: string) => tables.flatMap((table) => table[name] ?? []);
const OF_TARGETS = ["instance"];

/** The family that a series belongs to, by the suffix that only histograms have; none where there is no such series. */
function seriesOf(name: string): readonly MetricFamily[] {
  const [, stem = name, suffix] = /^(.*)_(bucket|sum|count)$/.exec(name) ?? [];
  const whole = familiesOf(name).filter(({ type }) => type !== "histogram");
  return whole.length > 0 || suffix === undefined ? whole : familiesOf(stem).filter(({ type }) => type === "histogram");
}

/** What an expression asks of metrics that they do not have. */
function mistakesOf(expr: string): readonly string[] {
  const all = [...expr.matchAll(/(aadpodidentity_\w+)(?:\{([^}]*)\})?/g)];
  const unknown = all.map(([, name = ""]) => name).filter((name) => seriesOf(name).length === 0);
  const matchers = all.flatMap(([, name = "", selector = ""]) =>
    [...selector.matchAll(/(\w+)(!?[=~]+)"([^"]*)"/g)]
      .filter(([, label = "", operator = "", value = ""]) => !isLabelled(name, label, operator, value))
      .map(([matcher]) => `${name}{${matcher}}`),
  );
  const grouped = [...expr.matchAll(/by \(([^)]*)\) \([^)]*?(aadpodidentity_\w+)/g)].flatMap(([, by = "", name = ""]) =>
    by.split(", ").flatMap((label) => (hasLabel(name, label) ? [] : `${name} by ${label}`)),
  );
  const rated = [...expr.matchAll(/(?:rate|increase)\((aadpodidentity_\w+)/g)].map(([, name = ""]) => name);
  const gauges = rated.filter((name) => seriesOf(name).some(({ type }) => type === "gauge"));
  const totals = all.map(([, name = ""]) => name).filter((name) => isTotal(name) && !rated.includes(name));
  return [...unknown, ...matchers, ...grouped, ...gauges.map((name) => `rate of ${name}`), ...totals];
}

const isTotal = (name: string) => seriesOf(name).some(({ type }) => type !== "gauge");

function hasLabel(name: string, label: string): boolean {
  if (OF_TARGETS.includes(label)) return true;
  return label === "le" ? name.endsWith("_bucket") : seriesOf(name).some(({ labels }) => labels.includes(label));
}

/** A value has to be one that there is, where the table says which there are. */
function isLabelled(name: string, label: string, operator: string, value: string): boolean {
  const families = seriesOf(name).filter(({ labels }) => labels.includes(label));
  const known = families.flatMap(({ from }) => from?.[label] ?? []);
  if (families.length === 0 || known.length === 0 || families.some(({ from }) => from === undefined))
    return families.length > 0;
  const pattern = operator.endsWith("~") ? new RegExp(`^(?:${value})$`) : undefined;
  return known.some((one) => pattern?.test(one) ?? one === value);
}

const alerts = Object.values(alertGroups).flat();
const panels = rows.flatMap((row) => row.panels);

describe("what alerts and panels ask", () => {
  it.each(alerts.map(({ alert, expr }) => [alert, expr]))("%s is of metrics that there are", (_, expr) => {
    expect(expr).toMatch(/aadpodidentity_|^up\{/);
    expect(mistakesOf(expr)).toEqual([]);
  });

  it.each(panels.map(({ title, series }) => [title, series] as const))(
    "%s is of metrics that there are",
    (_, series) => {
      expect(series.flatMap(([expr]) => mistakesOf(expr))).toEqual([]);
      for (const [expr, name] of series)
        for (const [, label = ""] of name.matchAll(/\{\{(\w+)\}\}/g))
          expect(expr).toMatch(new RegExp(`by \\([^)]*${label}|entries`));
    },
  );

  it.each([
    ["a metric", "sum(aadpodidentity_nmi_nothing)"],
    ["a histogram without a suffix", "aadpodidentity_mic_cycle_duration_seconds"],
    ["a label", 'aadpodidentity_mic_leader{node="a"}'],
    ["a value", 'aadpodidentity_assigned_identities{state="Gone"}'],
    ["a value by pattern", 'aadpodidentity_assigned_identities{state=~"G.+"}'],
    ["a label to sum by", "sum by (state) (aadpodidentity_mic_leader)"],
    ["the rate of a gauge", "rate(aadpodidentity_mic_leader[5m])"],
    ["the total of a counter", "aadpodidentity_mic_cycle_count > 1"],
  ])("would be told apart from %s that there is not", (_, expr) => {
    expect(mistakesOf(expr)).toHaveLength(1);
  });

  it("of gauges that only the leader keeps, alerts ask the leader", () => {
    const kept = /(aadpodidentity_(?:assigned_identities|mic_quarantined_identities|cloud_provider_breaker_state))\b/;
    const asked = alerts.filter(({ expr }) => kept.test(expr));
    expect(asked).toHaveLength(3);
    for (const { expr } of asked) expect(expr).toContain("and on (instance) aadpodidentity_mic_leader == 1");
  });
});

describe("alerts", () => {
  const page = read("docs/reference/alerts.md");

  it("have names of their own, a time to hold, and one line that says what is broken", () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const one of alerts) {
      expect(one.for).toMatch(/^\d+m$/);
      expect(one.summary).toMatch(/^[A-Z{][^\n]{15,110}[^.\n]$/);
    }
  });

  it("lead to a section of the page that says what to do, and each section is of an alert", () => {
    const known = anchors(page);
    const targets = alerts.map((one) => runbookOf(one).split("/docs/reference/alerts.md#")[1] ?? "");
    expect(targets.filter((target) => !known.has(target))).toEqual([]);
    const sections = Array.from(page.matchAll(/^### (\w+)$/gm), ([, name = ""]) => name);
    expect(sections).toEqual(alerts.map(({ alert }) => alert));
  });

  it("name labels only that their expression keeps", () => {
    for (const { expr, summary } of alerts) {
      for (const [, label = ""] of summary.matchAll(/\$labels\.(\w+)/g)) {
        const keeps = expr.includes("by (")
          ? new RegExp(`by \\([^)]*\\b${label}\\b`)
          : /^(?:up\{|aadpodidentity_\w+ ==)/;
        expect(expr).toMatch(keeps);
      }
    }
  });
});

describe("the dashboard", () => {
  type Panel = {
    id: number;
    gridPos: Record<"x" | "y" | "w" | "h", number>;
    targets?: { refId: string; expr: string }[];
  };
  const dashboard = JSON.parse(read("charts/aad-pod-identity/files/dashboard.json")) as { panels: readonly Panel[] };

  it("has a place and a number of its own for each panel", () => {
    const all = dashboard.panels;
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(all.length).toBe(rows.length + panels.length);
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of all) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it("asks in each panel, by letters of its own", () => {
    const asking = dashboard.panels.flatMap(({ targets }) => (targets === undefined ? [] : [targets]));
    expect(asking.length).toBe(panels.length);
    for (const targets of asking) {
      expect(targets.map(({ refId }) => refId)).toEqual(["A", "B", "C"].slice(0, targets.length));
      expect(targets.every(({ expr }) => expr.length > 0)).toBe(true);
    }
  });
});
