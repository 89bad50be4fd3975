import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { alertGroups, runbookOf } from "../../tools/monitoring/files.ts";
import { rows } from "../../tools/monitoring/panels.ts";
import type { AlertCase } from "../support/chart/alert-cases.ts";
import { micAlertCases } from "../support/chart/alert-cases-mic.ts";
import { nmiAlertCases } from "../support/chart/alert-cases-nmi.ts";
import { CHART, runTool, toolsMissing } from "../support/chart/helm.ts";

const missing = toolsMissing("promtool");
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
const RULES = join(CHART, "files/alerts.yaml");
const alerts = Object.values(alertGroups).flat();
const alertCases = { ...micAlertCases, ...nmiAlertCases };
type Rules = { readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[] };

describe.skipIf(missing !== undefined)(`the alerts, by Prometheus' own promtool${reason}`, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "alerts-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const promtool = (...args: readonly string[]) => runTool("promtool", args);
  const written = async (name: string, content: object) => {
    const path = join(folder, `${name}.yaml`);
    await writeFile(path, stringify(content));
    return path;
  };
  /** What promtool needs to look at one alert in one case, an hour after the series began. */
  const question = (alert: (typeof alerts)[number], { when, series, fires = [] }: AlertCase) => ({
    name: when,
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [
      {
        eval_time: "1h",
        alertname: alert.alert,
        exp_alerts: fires.map(({ labels = {}, summary }) => ({
          exp_labels: { severity: alert.severity, ...labels },
          exp_annotations: { summary, runbook_url: runbookOf(alert) },
        })),
      },
    ],
  });

  it("are rules that Prometheus takes", async () => {
    expect(await promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)).toMatchObject({ code: 0 });
  });

  it.each(alerts.map((one) => [one.alert, one] as const))(
    "%s fires when it should, and only then",
    async (name, alert) => {
      const cases = alertCases[name] ?? [];
      expect([cases.some(({ fires }) => fires !== undefined), cases.some(({ fires }) => fires === undefined)]).toEqual([
        true,
        true,
      ]);
      const tests = cases.map((one) => question(alert, one));
      // The one rule alone, since Prometheus looks at all that it has, each minute.
      const { groups } = parse(await readFile(RULES, "utf8")) as Rules;
      const rules = groups.flatMap((group) => group.rules.filter((one) => one.alert === name));
      const alone = await written(`${name}-rule`, { groups: [{ name, rules }] });
      const path = await written(name, { rule_files: [alone], evaluation_interval: "1m", tests });
      const { code, stdout, stderr } = await promtool("test", "rules", path);
      expect(`${stdout}${stderr}`).toContain("SUCCESS");
      expect(code).toBe(0);
    },
  );

  it("have panels beside them whose questions Prometheus takes, too", async () => {
    const asked = rows.flatMap(({ panels }) => panels.flatMap(({ series }) => series.map(([expr]) => expr)));
    const rules = asked.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m"),
    }));
    const path = await written("panels", { groups: [{ name: "panels", rules }] });
    expect(await promtool("check", "rules", path)).toMatchObject({ code: 0 });
  });
});
