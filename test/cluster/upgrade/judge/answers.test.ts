import { describe, expect, it } from "vitest";
import { type Answer, judge, readAnswers } from "./answers.ts";

const line = (over: object) =>
  JSON.stringify({ at: 1_000, ms: 5, ask: "only", kept: false, status: 200, appid: "mine", imds: false, ...over });
const answers = (...overs: object[]): readonly Answer[] => readAnswers(overs.map(line).join("\n"));
const expected = { only: "mine", other: "theirs" };

describe("readAnswers", () => {
  it("leaves out a last line that is half written, and what the program says besides", () => {
    const text = `${line({})}\n(node:1) a warning\n${line({ at: 1_100 })}\n{"at":1200,"m`;
    expect(readAnswers(text).map(({ at }) => at)).toEqual([1_000, 1_100]);
  });
});

describe("judge", () => {
  it.each([
    { when: "all are tokens of the pod's own", given: [{}, { ask: "other", appid: "theirs" }], then: { tokens: 2 } },
    { when: "one is a token of another identity", given: [{}, { appid: "theirs" }], then: { tokens: 1, wrong: 1 } },
    {
      when: "IMDS itself gave a token, right or wrong",
      given: [{ imds: true }, { imds: true, appid: "theirs" }],
      then: { tokens: 1, wrong: 0, wrongDirect: 1, direct: 2 },
    },
    {
      when: "answers are no tokens",
      given: [
        { status: 503, appid: "" },
        { status: 0, appid: "", error: "ECONNREFUSED" },
        { status: 0, appid: "", error: "ECONNREFUSED" },
        { status: 0, appid: "", error: "ECONNRESET", kept: true },
        { status: 400, appid: "", imds: true },
      ],
      then: { lost: { "503": 1, ECONNREFUSED: 2, "ECONNRESET when kept": 1, "400 of IMDS": 1 }, direct: 1 },
    },
    { when: "a 200 holds no token", given: [{ appid: "" }], then: { lost: { "200": 1 } } },
  ])("counts when $when", ({ given, then }) => {
    const none = { tokens: 0, wrong: 0, wrongDirect: 0, direct: 0, lost: {} };
    expect(judge(answers(...given), expected)).toMatchObject({ ...none, asked: given.length, ...then });
  });

  it("measures the longest time without a token of one's own, each way of asking for itself", () => {
    const all = answers({ at: 0 }, { at: 100 }, { at: 200, status: 503 }, { at: 400 }, { at: 150, kept: true });
    expect(judge(all, expected).longestWithoutMs).toBe(300);
    expect(judge(answers({ at: 0 }, { at: 100, status: 503 }, { at: 700, status: 503 }), expected)).toMatchObject({
      longestWithoutMs: 700,
    });
  });

  it("counts only what was asked in a stretch", () => {
    const all = answers({ at: 0 }, { at: 100 }, { at: 200 });
    expect(judge(all, expected, { from: 50, to: 200 }).asked).toBe(1);
  });

  it("tells of a pod that did not ask, since nothing is lost where nobody asks", () => {
    expect(judge([], expected)).toMatchObject({ asked: 0, longestSilenceMs: 0 });
    expect(judge(answers({ at: 0 }, { at: 100 }, { at: 900 }), expected).longestSilenceMs).toBe(800);
    expect(judge(answers({ at: 100 }), expected, { from: 0, to: 1_000 }).longestSilenceMs).toBe(900);
    expect(judge(answers({ at: 100 }), expected, { from: 0, to: 150 }).longestSilenceMs).toBe(100);
  });

  it("does not take an ask that nobody expects", () => {
    expect(() => judge(answers({ ask: "unheard" }), expected)).toThrow("unheard");
  });
});
