import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProgram, startProgram } from "../support/program.ts";

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("aad-pod-identity-"));

/** The output that the README shows, line by line; `…` stands for what differs from run to run. */
function shownInReadme(): RegExp[] {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const lines = (/```\n(Step 1[^`]*)```/.exec(readme)?.[1] ?? "").trimEnd().split("\n");
  const escaped = lines.map((line) => line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return escaped.map((line) => new RegExp(`^${line.replaceAll("…", ".*")}$`));
}

/** The lines that were not met, looking for each behind the one before. */
function missingFrom(output: string, expected: readonly RegExp[]): RegExp[] {
  const lines = output.split("\n");
  let from = 0;
  return expected.filter((line) => {
    const found = lines.findIndex((one, i) => i >= from && line.test(one));
    if (found >= 0) from = found + 1;
    return found < 0;
  });
}

describe("podid walkthrough, on the embedded sandbox", () => {
  let before: readonly string[] = [];

  beforeEach(() => {
    before = folders();
  });

  afterEach(async () => {
    await expect.poll(() => folders().filter((name) => !before.includes(name)), { timeout: 10_000 }).toEqual([]);
  });

  it("holds from the first step to the last, and shows the lines of the guide", async () => {
    const { code, stdout, stderr } = await runProgram("podid", ["walkthrough"]);
    expect(stderr).toBe("");
    expect(stdout).toContain("All 10 steps held.");
    expect(stdout).toMatch(
      /starting aad-pod-identity demo pod \(namespace: default, name: demo, IP: 127\.\d+\.\d+\.\d+\)/,
    );
    expect(stdout).toMatch(/successfully listed VMSS instances from ARM via AAD Pod Identity: \[/);
    expect(stdout).toContain("the identity is off the machine again");
    expect(shownInReadme().length).toBeGreaterThan(20);
    expect(missingFrom(stdout, shownInReadme())).toEqual([]);
    expect(stdout).not.toMatch(/eyJ[\w-]{20}/); // the beginning of every JSON web token
    expect(code).toBe(0);
  });

  it("works with the YAML of older guides as it stands", async () => {
    const { code, stdout } = await runProgram("podid", ["walkthrough", "--older-yaml"]);
    expect(stdout).toMatch(/ResourceID: .*\n.*ClientID: /);
    expect(stdout).toMatch(/AzureIdentity: demo\n.*Selector: demo/);
    expect(stdout).toContain("All 10 steps held.");
    expect(code).toBe(0);
  });

  it("fails at the step that waits for MIC when MIC is stopped, and says so", async () => {
    const { code, stdout, stderr } = await runProgram("podid", ["walkthrough", "--break=mic", "--timeout=5"]);
    expect(stdout).not.toContain("Step 6 of 10");
    expect(stderr).toMatch(
      /^podid: Step 5 of 10: .* did not hold: waited 5 s for .*, but MIC does not run: there is no pod default\/mic.*\n$/,
    );
    expect(code).toBe(1);
  });

  it("fails at the step that needs the identity when it is missing in Azure, and says which", async () => {
    const { code, stderr } = await runProgram("podid", ["walkthrough", "--break=identity", "--timeout=8"]);
    expect(stderr).toMatch(/^podid: Step 5 of 10: .* did not hold: .*userAssignedIdentities\/demo.*\n$/i);
    expect(code).toBe(1);
  });

  it("fails at the step that needs a permission which MIC's role lacks, and names it", async () => {
    const { code, stderr } = await runProgram("podid", ["walkthrough", "--break=permission", "--timeout=5"]);
    expect(stderr).toMatch(
      /^podid: Step 5 of 10: .* grant "create" on azureassignedidentities\.aadpodidentity\.k8s\.io in a role/,
    );
    expect(stderr).toContain(
      'User "system:serviceaccount:default:aad-pod-id-mic-service-account" cannot create resource',
    );
    expect(code).toBe(1);
  });

  it("keeps the sandbox until Ctrl-C when told to, and then leaves nothing behind", async () => {
    await using program = startProgram("podid", ["walkthrough", "--keep"]);
    await program.says("Ctrl-C ends it");
    program.kill("SIGINT");
    expect((await program.ended).code).toBe(0);
  });
});
