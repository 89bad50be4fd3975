import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { nested } from "../../tools/chart/nested.ts";
import { chartValues } from "../../tools/chart/values.ts";
import { CHART, containerOf, helmMissing, render, runTool, the } from "../support/chart/helm.ts";
import { originalValues } from "../support/chart/original-values.ts";

const read = (file: string) => readFileSync(join(CHART, file), "utf8");
const ours = new Map(chartValues.map(([name, fallback]) => [name, fallback]));

describe("the chart's values", () => {
  it("are those of the original, with its defaults but where another is meant", () => {
    const changed = Object.entries(originalValues).flatMap(([name, fallback]) =>
      JSON.stringify(ours.get(name)) === JSON.stringify(fallback) ? [] : [name],
    );
    expect(changed).toEqual([
      "image.repository",
      "mic.tag",
      "mic.priorityClassName",
      "mic.tolerations",
      "nmi.tag",
      "nmi.priorityClassName",
      "nmi.updateStrategy",
      "nmi.enableConntrackDeletion",
    ]);
    expect(changed.filter((name) => !ours.has(name))).toEqual([]);
  });

  it("have names of their own, and a sentence each", () => {
    expect(new Set(chartValues.map(([name]) => name)).size).toBe(chartValues.length);
    for (const [name, , , help] of chartValues) expect(`${name}: ${help}`).toMatch(/: (`.*`|[A-Z`].*[.:)`])$/s);
  });

  it("are all read by a template", () => {
    const templates = readdirSync(join(CHART, "templates")).map((file) => read(`templates/${file}`));
    const unread = chartValues.filter(([name]) => {
      const last = name.split(".").at(-1);
      return !templates.some((text) => new RegExp(`[."]${last}\\b`).test(text));
    });
    expect(unread.map(([name]) => name)).toEqual([]);
  });
});

it("the chart is of the programs' version, for the Kubernetes versions that the original ran on", () => {
  const { version } = JSON.parse(readFileSync(join(CHART, "../../package.json"), "utf8"));
  expect(parse(read("Chart.yaml"))).toMatchObject({ name: "aad-pod-identity", appVersion: version });
});

const missing = helmMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;

it.skipIf(missing !== undefined)(`the chart passes helm lint, also strictly${reason}`, async () => {
  const { code, stdout, stderr } = await runTool("helm", ["lint", "--strict", CHART]);
  expect([code, stdout + stderr]).toEqual([0, expect.stringContaining("0 chart(s) failed")]);
});

it.skipIf(missing !== undefined)(
  `the chart takes a file of all the original's values but its images${reason}`,
  async () => {
    const images = { "image.repository": "registry.example", "mic.tag": "", "nmi.tag": "" };
    const objects = await render(nested(Object.entries({ ...originalValues, ...images })));
    const daemonSet = the(objects, "DaemonSet");
    expect(daemonSet.spec.updateStrategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } });
    expect(containerOf(daemonSet).args).toContain("--enable-conntrack-deletion=false");
  },
);
