import { describe, expect, it } from "vitest";
import { boundNmi, tokenPath } from "../../../test/support/bound-nmi.ts";
import { pod } from "../../../test/support/make.ts";
import { ask } from "../../../test/support/nmi/node.ts";
import { micAccountProblems } from "./mic-account.ts";

const { imds, bound } = boundNmi();
const FROM = "10.244.0.9";
const micServiceAccount = "azure/mic";
const mic = { namespace: "azure", spec: { serviceAccountName: "mic" }, status: { podIP: FROM }, selector: "" };

describe("MIC is known by its service account", () => {
  it("and reaches IMDS, for tokens and all else, which the audit tells", async () => {
    const node = bound({ micServiceAccount });
    imds().put("anything");
    node.pods.put(pod("any-name", mic));
    expect((await ask(node, `${tokenPath}&client_id=anything`, { from: FROM })).status).toBe(200);
    await ask(node, "/metadata/scheduledevents", { method: "POST", from: FROM, body: Buffer.from("{}") });
    expect(imds().requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
    const audit = node.lines.filter((line) => line.includes("exception pod azure/any-name token handling"));
    expect(audit).toEqual([
      expect.stringContaining('decision="excepted" by="mic-service-account" area="token" pod="azure/any-name"'),
      expect.stringContaining('decision="excepted" by="mic-service-account"'),
    ]);
    expect((await node.metrics.expose()).body).toMatch(
      /aadpodidentity_nmi_exceptions_used_count\{namespace="azure"\} 2/,
    );
  });

  it.each([
    { who: "the account of that name in another namespace", over: { namespace: "default" } },
    { who: "another account", over: { spec: { serviceAccountName: "mic-2" } } },
    { who: "the account in another case", over: { spec: { serviceAccountName: "MIC" } } },
    { who: "a pod that names no account", over: { spec: {} } },
    { who: "MIC where the flag names another account", flag: "azure/other" },
    { who: "MIC where the flag is empty", flag: "" },
    { who: "a pod without account where the flag is empty", flag: "", over: { spec: {} } },
  ])("and nobody else is let past: $who", async ({ over = {}, flag = micServiceAccount }) => {
    const node = bound({ micServiceAccount: flag });
    node.pods.put(pod("mic", { ...mic, ...over }));
    expect((await ask(node, `${tokenPath}&client_id=anything`, { from: FROM })).status).toBe(404);
    expect((await ask(node, "/metadata/scheduledevents", { method: "POST", from: FROM })).status).toBe(405);
    expect(imds().requests).toEqual([]);
  });
});

describe("--mic-service-account", () => {
  it.each(["", "azure/mic", "default/aad-pod-id-mic-service-account", "a/b.c", `${"n".repeat(63)}/mic`])(
    "may be %j",
    (account) => expect(micAccountProblems(account)).toEqual([]),
  );

  it.each([
    "mic",
    "/mic",
    "azure/",
    "azure/mic/x",
    "azure/mic-*",
    "Azure/mic",
    "azure/mic ",
    "a.b/c",
    `${"n".repeat(64)}/mic`,
  ])("may not be %j, which names none", (account) =>
    expect(micAccountProblems(account)).toEqual([expect.stringContaining("<namespace>/<name>")]),
  );

  it("may not be the account that pods have anyway", () => {
    expect(micAccountProblems("azure/default")).toEqual([
      expect.stringMatching(/azure\/default is the account of every/),
    ]);
  });
});
