import { describe, expect, it } from "vitest";
import { binding, identity, pod } from "../../test/support/make.ts";
import type { Drift } from "../assignment/types.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { micEvents } from "./events.ts";
import { micMetrics } from "./metrics.ts";

const bond = {
  pod: "web",
  podNamespace: "default",
  nodeName: "vm-0",
  binding: binding("demo"),
  identity: identity("demo"),
};

function start() {
  const lines: string[] = [];
  const told: string[] = [];
  const metrics = new Metrics(micMetrics);
  const log = createLog({ write: (line) => lines.push(line.replace(/^(.).*?\] /, "$1 ").trim()), verbosity: 1 });
  const announcer = {
    record: (note: { type: string; reason: string; message: string; about: { kind: { kind: string } } }) =>
      told.push(`${note.type} ${note.reason} on ${note.about.kind.kind}: ${note.message}`),
  };
  const events = micEvents({ log, metrics, announcer, findPod: () => pod("web") });
  const shown = async (name: string) =>
    [...(await metrics.expose()).body.matchAll(new RegExp(`^aadpodidentity_(${name}.*)$`, "gm"))].map(
      ([, line]) => line,
    );
  return { events, lines, told, shown };
}

const mine = "11112222-0000-4000-8000-000000001119";
const azures = "22223333-0000-4000-8000-000000002229";

describe("drift events", () => {
  it.each([
    {
      kind: "missing",
      found: "AzureIdentity default/demo is not on the machine any more: MIC puts it back",
      mended: "AzureIdentity default/demo was missing on the machine and is back",
    },
    {
      kind: "stale",
      found:
        "AzureIdentity default/demo was deleted and created anew in Azure: MIC takes the old one off and puts it on again",
      mended: "AzureIdentity default/demo was created anew in Azure and has been put on the machine again",
    },
  ] as const)(
    "tell the binding and the pod of an identity that is $kind, and count it",
    async ({ kind, found, mended }) => {
      const { events, lines, told, shown } = start();
      const drift: Drift = { kind, machine: "vm-0", resourceId: "id" };
      events.driftFound(drift, [bond]);
      events.driftMended(drift, [bond]);
      expect(told).toEqual([
        `Warning IdentityDrifted on AzureIdentityBinding: ${found}`,
        `Warning IdentityDrifted on Pod: ${found}`,
        `Normal IdentityRestored on AzureIdentityBinding: ${mended}`,
        `Normal IdentityRestored on Pod: ${mended}`,
      ]);
      expect(lines.map((line) => line[0])).toEqual(["W", "I"]);
      expect(await shown("mic_drift_(found|repaired)_count")).toEqual(
        ["found", "repaired"].flatMap((what) =>
          ["missing", "stale"].map((one) => `mic_drift_${what}_count{kind="${one}"} ${one === kind ? 1 : 0}`),
        ),
      );
    },
  );

  it("name the right client ID where its owner looks, and both shortened in the log", () => {
    const { events, lines, told } = start();
    events.clientIdWrong(identity("demo", { spec: { clientID: mine } }), azures);
    expect(told).toEqual([
      `Warning ClientIDMismatch on AzureIdentity: it says client ID ${mine}, Azure says ${azures}: correct spec.clientID`,
    ]);
    expect(lines).toEqual([
      "W AzureIdentity default/demo says client ID 1111##### REDACTED #####1119, Azure gives 2222##### REDACTED #####2229: its event tells what to do",
    ]);
  });

  it.each([
    {
      code: "ARM_FORBIDDEN",
      then: "Azure does not show it to MIC: correct spec.clientID, or grant MIC the role Managed",
    },
    { code: "ARM_NOT_FOUND", then: "Azure knows no such identity any more: create it again, or delete this Azure" },
  ] as const)("say what to do where MIC cannot see which client ID is true, $code", ({ code, then }) => {
    const { events, lines, told } = start();
    events.clientIdUnknown(identity("demo", { spec: { clientID: "mine" } }), azures, new Fault(code, "no"));
    expect(lines.join()).toMatch(/ says client ID mine, machines have 2222##### REDACTED #####2229, and Azure /);
    const said =
      "Warning ClientIDMismatch on AzureIdentity: it says client ID mine, machines have 22223333-0000-4000-8000-000000002229, and ";
    expect(told).toEqual([expect.stringContaining(said + then)]);
  });

  it("tell of a machine that cannot be read, and quietly of one that is gone", () => {
    const { events, lines } = start();
    events.machineUnreadable("vm-0", new Fault("ARM_FORBIDDEN", "no"));
    events.machineUnreadable("vm-1", new Fault("ARM_NOT_FOUND", "gone"));
    expect(lines).toEqual([
      'W the identities on vm-0 cannot be checked, error: no code="ARM_FORBIDDEN"',
      'I the identities on vm-1 cannot be checked, error: gone code="ARM_NOT_FOUND"',
    ]);
  });

  it("tell what cannot be seen while Azure shows no identities", () => {
    const { events, lines, told } = start();
    events.identityUnreadable("/id/a", new Fault("ARM_ERROR", "status 400 (Odd)"));
    expect(lines).toEqual([
      'W whether identities were created anew in Azure cannot be seen, and they stay on machines as they are, error: status 400 (Odd) identity="/id/a" code="ARM_ERROR"',
    ]);
    expect(told).toEqual([]);
  });

  it("report a round", async () => {
    const { events, lines, shown } = start();
    events.driftRound({ machines: 12, read: 11, tookMs: 2_400 });
    expect(lines).toEqual(["I identities on 11 of 12 machines were checked tookMs=2400"]);
    expect(await shown("mic_drift_round_(machines|duration_seconds_sum)")).toEqual([
      "mic_drift_round_machines 11",
      "mic_drift_round_duration_seconds_sum 2.4",
    ]);
  });
});
