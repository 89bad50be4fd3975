import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { findProgram } from "./program-path.ts";

it("is the first file of that name that may be run", () => {
  const root = mkdtempSync(join(tmpdir(), "path-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folders = ["folder", "text", "program", "another"].map((name) => join(root, name));
  for (const folder of folders) mkdirSync(folder);
  const [folder = "", text = "", program = "", another = ""] = folders.map((one) => join(one, "tool"));
  mkdirSync(folder);
  writeFileSync(text, "", { mode: 0o644 });
  for (const file of [program, another]) writeFileSync(file, "", { mode: 0o755 });
  expect(findProgram("tool", ["/none", ...folders].join(":"))).toBe(program);
  expect(findProgram("tool", "/none")).toBeUndefined();
});
