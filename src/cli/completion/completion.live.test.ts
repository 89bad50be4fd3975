import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { onTerminal, terminalMissing } from "../../../test/support/terminal.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { runCommand } from "../command.ts";
import { commands } from "../commands.ts";
import { Screen } from "../screen.ts";

const program = join(import.meta.dirname, "../../bin/podid.ts");

async function script(shell: string): Promise<string> {
  const written: string[] = [];
  const screen = new Screen({ write: (text) => written.push(text), isTerminal: false, hasColour: false });
  const context = { screen, root: "/", signal: new AbortController().signal };
  await runCommand(commands, ["completion", shell], context);
  return written.join("");
}

/** What bash offers for a line, with the cursor at its end, as it splits lines into words. */
async function offeredByBash(lines: readonly (readonly string[])[], cwd = tmpdir()): Promise<readonly string[]> {
  const asks = lines.map(
    (words) =>
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length - 1}; _podid; echo "\${COMPREPLY[*]}"\n`,
  );
  const input = `${await script("bash")}\ncomplete -p podid\n${asks.join("")}`;
  const { stdout, stderr } = spawnSync("bash", ["--norc"], { input, encoding: "utf8", cwd });
  expect(stderr).toBe("");
  const [bound, ...offers] = stdout.replace(/\n$/, "").split("\n");
  expect(bound).toBe("complete -F _podid podid");
  return offers;
}

describe("bash", () => {
  it("completes commands, options, values and paths", async () => {
    const folder = mkdtempSync(join(tmpdir(), "completion-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "cluster.yaml"), "");
    const asked: readonly (readonly [words: readonly string[], offers: string])[] = [
      [["podid", "sand"], "sandbox"],
      [["podid", ""], `${commands.map(({ name }) => name).join(" ")} help`],
      [["podid", "--v"], "--version"],
      [["podid", "emulate", ""], "imds arm entra"],
      [["podid", "emulate", "imds", "--en"], "--entra-port"],
      [["podid", "emulate", "--host", ""], ""],
      [["podid", "completion", "z"], "zsh"],
      [["podid", "sandbox", "--network", "f"], "forwarders"],
      [["podid", "sandbox", "--network", "="], "auto namespaces forwarders"],
      [["podid", "sandbox", "--network", "=", "n"], "namespaces"],
      [["podid", "sandbox", "--with-real-kubernetes", "=", "cl"], "cluster.yaml"],
      [["podid", "sandbox", "--with-real-kubernetes", "clu"], "cluster.yaml"],
      [["podid", "sandbox", "--fault", "x", "--hel"], "--help"],
      [["podid", "sandbox", "--fault", "imds.t"], "imds.token="],
      [["podid", "emulate", "--fault", "=", "entra."], "entra.discovery= entra.keys= entra.token="],
      [["podid", "emulate", "--fault", "imds.token", "="], ""],
      [["podid", "sandbox", "--fault=sandbox", "--nothing"], ""],
    ];
    expect(
      await offeredByBash(
        asked.map(([words]) => words),
        folder,
      ),
    ).toEqual(asked.map(([, offers]) => offers));
  });

  it("offers every option of every command", async () => {
    const lines = commands.map(({ name }) => ["podid", name, "--"]);
    const all = commands.map(({ options }) => [...options.map(({ flags }) => flags.split(" ")[0]), "--help"].join(" "));
    expect(await offeredByBash(lines)).toEqual(all);
  });
});

it.skipIf(terminalMissing() !== undefined)("bash completes what a person types", async () => {
  const folder = mkdtempSync(join(tmpdir(), "completion-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "script"), await script("bash"));
  await using terminal = onTerminal("bash --norc --noprofile -i", 120);
  terminal.type(`. ${folder}/script; echo re''ady\n`);
  await eventually(terminal.shown).toContain("ready");
  terminal.type("podid sand\t--netw\t=na\t");
  await eventually(terminal.shown).toContain("podid sandbox --network =namespaces ");
  terminal.type("--fau\tarm.op\tdrop");
  await eventually(terminal.shown).toContain("--fault arm.operations.get=drop");
});

it.each(["zsh", "fish"])(
  "%s is offered every command and option, by a script that it takes where it is here",
  async (shell) => {
    const text = await script(shell);
    expect(text).toContain("imds.token");
    for (const { name, options } of commands) {
      expect(text).toContain(name);
      for (const { flags } of options)
        expect(text).toContain(shell === "fish" ? `-l ${flags.slice(2).split(" ")[0]}` : flags.split(" ")[0]);
    }
    const { error, status, stderr } = spawnSync(shell, ["-n"], { input: text, encoding: "utf8" });
    if (error === undefined) expect([status, stderr]).toEqual([0, ""]);
  },
);

it("is what the program prints, of the shell in use when none is named, or a sentence and 2", async () => {
  const podid = (words: readonly string[], SHELL: string) =>
    spawnSync(process.execPath, [program, "completion", ...words], {
      env: { ...process.env, SHELL },
      encoding: "utf8",
    });
  expect(podid([], "/usr/bin/fish")).toMatchObject({ status: 0, stdout: await script("fish"), stderr: "" });
  const says = (text: string) => ({ status: 2, stdout: "", stderr: expect.stringContaining(text) });
  expect(podid([], "/bin/csh")).toMatchObject(says("the name of a shell: one of bash, zsh, fish"));
  expect(podid(["csh"], "/bin/bash")).toMatchObject(says("bash, zsh, fish"));
});
