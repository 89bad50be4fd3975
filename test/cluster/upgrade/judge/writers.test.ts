import { describe, expect, it } from "vitest";
import { changesOf, changesOutsideOfTerms, overlaps, termsOf } from "./writers.ts";

const MIC = "system:serviceaccount:kube-system:aad-pod-identity-mic";
const LEADER = "control-plane.alpha.kubernetes.io/leader";
const second = (n: number) => new Date(n * 1000).toISOString();

type Told = { verb?: string; resource: string; pod?: string; from: number; to?: number; code?: number; body?: object };
/** A line of the audit log. */
const audited = ({ verb = "update", resource, pod = "mic-a", from, to = from, code = 200, body }: Told) =>
  JSON.stringify({
    verb,
    user: { username: MIC, extra: { "authentication.kubernetes.io/pod-name": [pod] } },
    sourceIPs: [`ip-of-${pod}`],
    userAgent: "aad-pod-identity/MIC/v1",
    objectRef: { resource, name: resource === "endpoints" ? "aad-pod-identity-mic" : "record" },
    responseStatus: { code },
    requestReceivedTimestamp: second(from),
    stageTimestamp: second(to),
    requestObject: body,
  });
const lock = (holder: string, from: number, over: Partial<Told> & { renewed?: number } = {}) => {
  const { renewed = from, ...rest } = over;
  const record = { holderIdentity: holder, leaseDurationSeconds: 15, renewTime: second(renewed) };
  const body = { metadata: { annotations: { [LEADER]: JSON.stringify(record) } } };
  return audited({ resource: "endpoints", pod: holder || "mic-a", from, body, ...rest });
};
const record = (pod: string, from: number, to = from) =>
  audited({ resource: "azureassignedidentities", pod, from, to });
const arm = (pod: string, from: number, to: number, method = "PATCH") =>
  JSON.stringify({ from: from * 1000, to: to * 1000, caller: `ip-of-${pod}`, method, path: "/vm", status: 200 });
const log = (...lines: string[]) => lines.join("\n");

const judged = (audit: string, calls = "") => {
  const changes = changesOf(audit, calls);
  return [overlaps(changes).length, changesOutsideOfTerms(changes, termsOf(audit)).length];
};

describe("changes of MICs", () => {
  it("are what they write of records and machines, whoever they are, in the order in which they begin", () => {
    const audit = log(lock("mic-a", 1), record("mic-a", 4), audited({ verb: "watch", resource: "pods", from: 1 }));
    expect(changesOf(audit, log(arm("mic-a", 2, 3), arm("mic-a", 2, 3, "GET")))).toEqual([
      { by: "mic-a", what: "PATCH /vm", from: 2_000, to: 3_000 },
      { by: "mic-a", what: "update record", from: 4_000, to: 4_000 },
    ]);
  });

  it("are those of the manifests' account too", () => {
    const audit = record("mic-a", 4).replace(MIC, "system:serviceaccount:default:aad-pod-id-mic-service-account");
    expect(changesOf(audit, arm("mic-a", 5, 6)).map(({ by }) => by)).toEqual(["mic-a", "mic-a"]);
    expect(changesOf(record("web", 4).replace(MIC, "system:serviceaccount:apps:default"), "")).toEqual([]);
  });

  it("are nobody's where the address belongs to no MIC", () => {
    expect(() => changesOf("", arm("stranger", 1, 2))).toThrow("ip-of-stranger");
  });

  it.each([
    {
      when: "one writes alone",
      audit: log(lock("mic-a", 0), record("mic-a", 1, 2), record("mic-a", 1, 3)),
      then: [0, 0],
    },
    {
      when: "the next begins when the first has ended and let go",
      audit: log(lock("mic-a", 0), record("mic-a", 1, 2), lock("", 3), lock("mic-b", 3), record("mic-b", 4)),
      then: [0, 0],
    },
    {
      when: "two write at one time",
      audit: log(lock("mic-a", 0), record("mic-a", 1, 5), lock("mic-b", 3), record("mic-b", 4)),
      then: [1, 0],
    },
    { when: "one writes that never led", audit: log(lock("mic-a", 0), record("mic-b", 4)), then: [0, 1] },
    { when: "one writes that has let go", audit: log(lock("mic-a", 0), lock("", 2), record("mic-a", 3)), then: [0, 1] },
    { when: "its time is over", audit: log(lock("mic-a", 0), record("mic-a", 16)), then: [0, 1] },
    { when: "it has renewed", audit: log(lock("mic-a", 0), lock("mic-a", 10), record("mic-a", 16)), then: [0, 0] },
    {
      when: "another one asked for the lock in vain",
      audit: log(lock("mic-a", 0), lock("mic-b", 1, { code: 409 }), record("mic-a", 2)),
      then: [0, 0],
    },
  ])("$when: $then", ({ audit, then }) => {
    expect(judged(audit)).toEqual(then);
  });

  it("of machines count like those of records", () => {
    const audit = log(lock("mic-a", 0), record("mic-b", -1), lock("mic-b", 5), record("mic-b", 5.5));
    expect(judged(audit, log(arm("mic-a", 4, 6)))).toEqual([1, 1]);
  });
});
