import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { CHART, helmMissing, runTool } from "../support/chart/helm.ts";

const missing = helmMissing();
const URL = "https://charts.example";
const TOOL = join(import.meta.dirname, "../../tools/chart-repository.ts");

it.skipIf(missing !== undefined)(
  `a repository has the chart with its CRDs${missing ? ` (skipped: ${missing})` : ""}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "charts-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync(process.execPath, [TOOL, folder, URL], { stdio: "ignore" });
    execFileSync(process.execPath, [TOOL, folder, URL], { stdio: "ignore" }); // again, over what is there

    const { version } = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8"));
    const { entries } = parse(readFileSync(join(folder, "index.yaml"), "utf8"));
    const file = `aad-pod-identity-${version}.tgz`;
    expect(entries["aad-pod-identity"]).toMatchObject([{ version, urls: [`${URL}/${file}`] }]);
    const { stdout } = await runTool("helm", ["show", "crds", join(folder, file)]);
    expect(stdout.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(4);
  },
);
