import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { walkthroughs } from "../../src/cli/walkthrough/catalogue.ts";
import { toolPath, toolsMissing } from "../support/chart/helm.ts";
import { type Ended, runProgram, startProgram } from "../support/program.ts";

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

/** A transcript without what two runs never have in common, and without the lines of logs, whose order and times differ. */
function plain(transcript: string): string {
  return transcript
    .replace(/[\s\S]*?(?=\nStep 1 of)/, "")
    .replace(/^ {2}… .*\n/gm, "") // waiting takes its time
    .replace(/^ {4}[IWE]\d{4} .*\n/gm, "")
    .replace(/[0-9a-f]{8}-[\da-f-]{27}/g, "UID")
    .replace(/\/\S*aad-pod-identity-\w{6}/g, "FOLDER")
    .replace(/(https:\/\/127\.0\.0\.1):\d+/g, "$1:PORT")
    .replace(/(Resource Version: +)\d+/g, "$1N")
    .replace(/\b20\d\d-[\dT:-]+Z/g, "TIME")
    .replace(/^( {4}LAST SEEN) +/gm, "$1 ")
    .replace(/^ {4}\d+m?s? +(?=Normal|Warning)/gm, "    AGE ")
    .replace(/ \d+m?\d*s$/gm, " AGE")
    .replace(/\bmic-\w+-\w{5}$/gm, "mic-POD")
    .replace(/ from \w+ namespace$/gm, ""); // newer versions of kubectl say it
}

function inTodaysSpelling(transcript: string): string {
  const older = {
    ResourceID: "resourceID",
    ClientID: "clientID",
    AzureIdentity: "azureIdentity",
    Selector: "selector",
  };
  return Object.entries(older).reduce((text, [old, name]) => text.replaceAll(`  ${old}: `, `  ${name}: `), transcript);
}

/** Waits until nothing is left in a folder. */
function isEmpty(folder: string): Promise<void> {
  return vi.waitFor(() => expect(readdirSync(folder)).toEqual([]), { timeout: 20_000 });
}

/** Processes that were told of a folder, whoever started them. */
function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return ["environ", "cmdline"].some((name) => readFileSync(join("/proc", pid, name), "utf8").includes(folder));
    } catch {
      return false; // it has ended
    }
  });
}

const missing = toolsMissing("kubectl");
const withKubectl = missing === undefined ? { PATH: `${dirname(toolPath("kubectl"))}:${process.env.PATH}` } : {};
const stepsOf = (name: string) => walkthroughs.find((one) => one.name === name)?.steps.length;
/** Those that no other test goes through. */
const others = walkthroughs
  .map(({ name }) => name)
  .filter((name) => !["standard", "older-yaml", "managed-mode"].includes(name));

// Side by side they take as long as the longest, except on a machine that does much else.
describe.concurrent("podid walkthrough, on the embedded sandbox", { timeout: 300_000 }, () => {
  let parent = "";
  beforeAll(() => {
    parent = mkdtempSync(join(tmpdir(), "walkthrough-"));
  });
  afterAll(() => rmSync(parent, { recursive: true }));

  let first: Promise<Ended> | undefined;
  /** The standard walkthrough without `kubectl`, once. */
  const standard = () => {
    first ??= walk(["--kubectl=none"]);
    return first;
  };

  /** Runs it in a folder of its own for temporary files, in which nothing may be left. */
  async function walk(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const folder = mkdtempSync(join(parent, "run-"));
    const done = await runProgram("podid", ["walkthrough", ...args], { env: { TMPDIR: folder, ...env } });
    await isEmpty(folder);
    return done;
  }

  it("holds from the first step to the last, and shows the lines of the guide", async () => {
    const { code, stdout, stderr } = await standard();
    expect(stderr).toBe("");
    expect(stdout).toContain("All 10 steps held.");
    expect(stdout).toMatch(/starting aad-pod-identity demo pod \(namespace: default, name: demo, IP: [\d.]+\)/);
    expect(stdout).toMatch(/successfully listed VMSS instances from ARM via AAD Pod Identity: \[/);
    expect(stdout).toContain("the identity is off the machine again");
    expect(shownInReadme().length).toBeGreaterThan(20);
    expect(missingFrom(stdout, shownInReadme())).toEqual([]);
    expect(stdout).not.toMatch(/eyJ[\w-]{20}/); // the beginning of every JSON web token
    expect(code).toBe(0);
  });

  it.skipIf(missing !== undefined)(
    "shows the same with kubectl and without, and with the YAML of older guides",
    async () => {
      const [by, without] = await Promise.all([walk(["--older-yaml"], withKubectl), standard()]);
      expect(by.stdout).toContain(`kubectl is ${toolPath("kubectl")}`);
      expect(by.stdout).toContain(`All ${stepsOf("older-yaml")} steps held.`);
      expect(by.stdout).toMatch(/ResourceID: .*\n.*ClientID: /);
      expect(by.stdout).toMatch(/AzureIdentity: demo\n.*Selector: demo/);
      expect(plain(inTodaysSpelling(by.stdout))).toBe(plain(without.stdout));
      expect(by.code).toBe(0);
    },
  );

  it.each(others)("holds from the first step to the last in %s", async (name) => {
    const { code, stdout, stderr } = await walk([name, "--kubectl=none"]);
    expect(stderr).toBe("");
    expect(stdout).toContain(`All ${stepsOf(name)} steps held.`);
    expect(stdout).not.toMatch(/eyJ[\w-]{20}/);
    expect(code).toBe(0);
  });

  it("leaves nothing behind when it is killed in the middle", async () => {
    const folder = mkdtempSync(join(parent, "run-"));
    const env = { TMPDIR: folder, ...withKubectl };
    await using program = startProgram("podid", ["walkthrough", "service-principals"], { env });
    await program.says("Step 3 of");
    expect(processesOf(folder).length).toBeGreaterThan(4); // itself, the guard, MIC and each NMI
    program.kill("SIGKILL");
    await isEmpty(folder);
    await vi.waitFor(() => expect(processesOf(folder)).toEqual([]), { timeout: 20_000 });
  });

  it("fails at the step that waits for MIC when MIC is stopped, says so, and lets look around", async () => {
    const folder = mkdtempSync(join(parent, "run-"));
    const args = ["walkthrough", "--break=mic", "--timeout=20", "--kubectl=none", "--keep"];
    await using program = startProgram("podid", args, { env: { TMPDIR: folder } });
    await program.says("Ctrl-C ends it");
    program.kill("SIGINT");
    const { code, stdout, stderr } = await program.ended;
    expect(stdout).not.toContain("Step 6 of");
    expect(stderr).toMatch(
      /^podid: Step 5 of 8: .* did not hold: waited 20 s for .*, but MIC does not run: there is no pod of it.*\n$/,
    );
    expect(code).toBe(1);
    await isEmpty(folder);
  });

  it("fails at the step that needs the identity when it is missing in Azure, and says which", async () => {
    const { code, stderr } = await walk(["--break=identity", "--timeout=20", "--kubectl=none"]);
    expect(stderr).toMatch(/^podid: Step 5 of 10: .* did not hold: .*userAssignedIdentities\/demo.*\n$/i);
    expect(code).toBe(1);
  });

  it("fails at the step that needs a permission which MIC's role lacks, and names it", async () => {
    const { code, stderr } = await walk(["--break=permission", "--timeout=20", "--kubectl=none"]);
    expect(stderr).toMatch(
      /^podid: Step 5 of 10: .* grant "create" on azureassignedidentities\.aadpodidentity\.k8s\.io in a role/,
    );
    expect(stderr).toContain(
      'User "system:serviceaccount:default:aad-pod-id-mic-service-account" cannot create resource',
    );
    expect(code).toBe(1);
  });

  it("keeps the sandbox until Ctrl-C when told to, and then leaves nothing behind", async () => {
    const folder = mkdtempSync(join(parent, "run-"));
    const args = ["walkthrough", "managed-mode", "--keep", "--kubectl=none"];
    await using program = startProgram("podid", args, { env: { TMPDIR: folder } });
    await program.says("Ctrl-C ends it");
    expect(program.output()).toContain(`All ${stepsOf("managed-mode")} steps held.`);
    program.kill("SIGINT");
    expect((await program.ended).code).toBe(0);
    await isEmpty(folder);
  });
});
