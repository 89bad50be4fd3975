import { describe, expect, it } from "vitest";
import { readFaultRule } from "./fault-rule.ts";

const message = "This trouble was made on purpose.";

describe("readFaultRule", () => {
  it.each([
    { text: "imds.token=delay:250ms", then: { at: "imds.token", delayMs: 250 } },
    { text: "arm.*=delay:2s,times=1", then: { at: "arm.*", delayMs: 2000, times: 1 } },
    { text: "*=drop,after=3", then: { at: "*", failure: "connection closed", after: 3 } },
    {
      text: "imds.token=throttle,times=2,retry-after=7",
      then: {
        at: "imds.token",
        failure: { status: 429, message, retryAfterSeconds: 7 },
        times: 2,
      },
    },
    { text: "entra.token=error:503", then: { at: "entra.token", failure: { status: 503, message } } },
    { text: "arm.operations.get=error:418", then: { failure: { status: 418, message } } },
  ])("reads $text", ({ text, then }) => {
    expect(readFaultRule(text)).toMatchObject(then);
  });

  it("takes a pattern that is also about what does not run", () => {
    expect(readFaultRule("*=drop", ["imds"])).toMatchObject({ at: "*" });
  });

  it.each([
    { text: "imds.tokens=drop", says: 'no operation is "imds.tokens", but imds.token; write' },
    { text: "arm=drop", says: '"arm", but arm.resourceGroups.get, arm.resourceGroups.put, arm.userAssigned' },
    { text: "x=drop", says: 'no operation is "x"; write OPERATION=' },
    { text: "imds.token", says: '"" is nothing that can be done' },
    { text: "imds.token=error:200", says: '"error:200" is nothing that can be done' },
    { text: "imds.token=delay:2", says: '"delay:2" is nothing' },
    { text: "imds.token=drop,times=0", says: '"times=0" strikes no call' },
    { text: "imds.token=drop,often", says: '"often" is no setting' },
    {
      text: "entra.keys=drop",
      services: ["imds", "arm"],
      says: 'no operation of what runs (imds, arm) is "entra.keys"',
    },
  ])("refuses $text in one sentence", ({ text, services, says }) => {
    expect(() => readFaultRule(text, services)).toThrow(
      expect.objectContaining({ code: "FLAG_INVALID", message: expect.stringContaining(says) }),
    );
  });
});
