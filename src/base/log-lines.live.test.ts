import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";

const module = (name: string) => JSON.stringify(join(import.meta.dirname, name));
const start = `
  import { LogLines, standardError } from ${module("log-lines.ts")};
  const lines = new LogLines({ sink: standardError(), tellLost: (count) => "lost " + count + "\\n", drainMs: 10_000 });
  for (const end of ["uncaughtExceptionMonitor", "exit"]) process.on(end, () => lines.drain());
`;

/** What a program writes to a real pipe whose other end is read only when `reader` reads. */
async function run(script: string, reader: string) {
  const node = `"$0" --input-type=module -e "$SCRIPT"`;
  const child = spawn("bash", ["-c", `${node} 2>&1 >/dev/null | { ${reader}; }`, process.execPath], {
    env: { ...process.env, SCRIPT: start + script },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return await text(child.stdout);
}

it("loses nothing when the program exits, and keeps the order", async () => {
  const out = await run(`for (let i = 0; i < 9000; i += 1) lines.write(i + "\\n"); process.exit(0);`, "cat");
  expect(out).toBe(Array.from({ length: 9000 }, (_, i) => `${i}\n`).join(""));
});

it("writes at once where the program then waits for long", async () => {
  const script = `
    setTimeout(() => lines.write(process.pid + "\\n"), 10);
    setTimeout(() => process.exit(), 20_000);
  `;
  expect(await run(script, `read -r -t 10 pid && kill "$pid" && echo read`)).toBe("read\n");
});

it("loses nothing when the program crashes, and stands before what it dies of", async () => {
  const out = await run(`lines.write("last words\\n"); throw new Error("a defect");`, "cat");
  expect(out).toMatch(/^last words\n[\s\S]*Error: a defect/);
});

it("does not hold the program up where nobody reads, and tells what is missing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const done = join(folder, "done");
  const script = `
    const line = "x".repeat(999) + "\\n";
    for (let i = 0; i < 5000; i += 1) lines.write(line, true);
    (await import("node:fs")).writeFileSync(${JSON.stringify(done)}, "");
    lines.write("last\\n");
  `;
  const out = await run(script, `until [ -e ${done} ]; do sleep 0.01; done; cat`);
  const lost = Number(/^lost (\d+)$/m.exec(out)?.[1]);
  expect(lost).toBeGreaterThan(1000);
  expect(out.split("\n")).toHaveLength(5000 - lost + 3);
  expect(out.endsWith("last\n")).toBe(true);
});
