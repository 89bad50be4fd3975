import { describe, expect, it } from "vitest";
import { createLog, type Fields, type LogFormat } from "./log.ts";
import { redactClientId, Secret } from "./secret.ts";

function lines(format: LogFormat, verbosity = 0) {
  const written: string[] = [];
  const now = () => new Date(2026, 7, 21, 18, 22, 50, 810).getTime();
  return { written, log: createLog({ format, verbosity, source: "loop", now, write: (line) => written.push(line) }) };
}

describe("text log", () => {
  it("writes klog's header, the message and the fields", () => {
    const { written, log } = lines("text");
    log.error("identity refused", { machine: "vm-0", attempt: 2, why: 'he said "no"', absent: undefined });
    expect(written[0]).toMatch(
      /^E0821 18:22:50\.810000 +\d+ loop\] identity refused machine="vm-0" attempt=2 why="he said \\"no\\""\n$/,
    );
  });

  it.each([
    ["info", "I"],
    ["warn", "W"],
    ["error", "E"],
  ] as const)("starts a line of %s with %s", (severity, letter) => {
    const { written, log } = lines("text");
    log[severity]("x");
    expect(written[0]?.[0]).toBe(letter);
  });

  it("writes verbose lines only up to -v, under the name it was given", () => {
    const { written, log } = lines("text", 5);
    log.named("token-route").verbose(5, "shown");
    log.verbose(6, "hidden");
    expect(written).toHaveLength(1);
    expect(written[0]).toContain("token-route] shown");
  });

  it("keeps text from outside on one line and short", () => {
    const { written, log } = lines("text");
    log.info("a\nE0821 forged", { path: "/x\r\nE0821 forged\u2028\u001b[2J", long: "a".repeat(1000) });
    expect(written[0]?.trimEnd()).not.toMatch(/[\p{Cc}\u2028]/u);
    expect(written[0]?.length).toBeLessThan(500);
  });
});

describe.each(["text", "json"] as const)("%s log", (format) => {
  it("cuts a message that outsiders made long", () => {
    const { written, log } = lines(format);
    log.error(`ignoring ${"a".repeat(1_000_000)}`);
    expect(written[0]?.length).toBeLessThan(5_000);
    expect(written[0]).toContain("ignoring aaaa");
  });

  it("shows no text from outside that hides or turns round what it says", () => {
    const { written, log } = lines(format);
    const tricks = "\u200b\u200f\u202a\u202e\u2060\u2066\u2069\ufeff";
    log.info(`pod ${tricks}`, { pod: tricks });
    expect(written[0]).not.toMatch(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u);
    expect(written[0]).toContain("u202e");
  });
});

describe("json log", () => {
  it("writes an object a line that says its severity", () => {
    const { written, log } = lines("json");
    const fields: Fields = { machine: "vm-0", msg: "cannot take the message's place" };
    log.warn("slow", fields);
    expect(JSON.parse(written[0] ?? "")).toEqual({
      ts: expect.any(Number),
      severity: "warn",
      caller: "loop",
      msg: "slow",
      v: 0,
      machine: "vm-0",
    });
  });

  it("tells the verbosity of a line, but not of an error, as klog does", () => {
    const { written, log } = lines("json", 5);
    log.info("plain");
    log.verbose(5, "detail");
    log.error("bad");
    expect(written.map((line) => JSON.parse(line).v)).toEqual([0, 5, undefined]);
  });
});

describe("Secret", () => {
  it("prints nothing of its value", () => {
    const secret = new Secret("hunter2");
    expect([`${secret}`, JSON.stringify({ secret }), secret.toString()].join()).not.toContain("hunter2");
    expect(secret.reveal()).toBe("hunter2");
  });

  it("shortens client ids as the original did", () => {
    expect(redactClientId("aabc0000-a83v-9h4m-000j-2c0a66b0c1f9")).toBe("aabc##### REDACTED #####c1f9");
    expect(redactClientId("short")).toBe("short");
  });
});
