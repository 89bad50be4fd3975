import { describe, expect, it } from "vitest";
import { snapshot } from "../../test/support/kube/small-cluster.ts";
import { assignment, binding, identity, pod } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { micEvents } from "./events.ts";
import { micMetrics } from "./metrics.ts";

function start() {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const metrics = new Metrics(micMetrics);
  const clock = new FakeClock(1_700_000_000_500);
  const events = micEvents({ log, metrics, announcer: { record: () => {} }, findPod: () => undefined, clock });
  const exposed = async () => {
    const lines = (await metrics.expose()).body.matchAll(
      /^aadpodidentity_((?:assigned_identities|mic_lead|mic_queue_length)\S* [\d.]+)$/gm,
    );
    return [...lines].map(([, line]) => line ?? "");
  };
  return { events, lines, metrics, clock, exposed };
}

describe("the leader", () => {
  it("counts each time that it became the leader, and not that it was started", async () => {
    const { events, metrics } = start();
    const count = async () => /new_leader_election_count (\d+)$/m.exec((await metrics.expose()).body)?.[1];
    expect(await count()).toBe("0");
    events.leading();
    events.leadingEnded();
    events.leading();
    expect(await count()).toBe("2");
  });

  it("shows who leads, what records say, what waits, and prints statistics when nothing is under way", async () => {
    const { events, lines, exposed } = start();
    const of = { pod: pod("web"), identity: identity("demo"), binding: binding("demo") };
    const states = ["Created", "Assigned", "Assigned", "Unassigned", ""] as const;
    const seen = snapshot({ assignments: states.map((state) => assignment(of, state)) });
    events.leading();
    events.planned({ machines: [], notes: [], wantedCount: 4 }, { seen, begun: 1, waiting: 2, tookMs: 20 });
    expect(await exposed()).toEqual([
      'assigned_identities{state="Created"} 1',
      'assigned_identities{state="Assigned"} 2',
      'assigned_identities{state="Unassigned"} 1',
      'assigned_identities{state="Unknown"} 1',
      "mic_leader 1",
      "mic_leading_since_timestamp_seconds 1700000000.5",
      "mic_queue_length 2",
    ]);
    events.planned({ machines: [], notes: [], wantedCount: 0 }, { seen: snapshot(), begun: 0, waiting: 0, tookMs: 1 });
    events.leadingEnded();
    expect((await exposed()).every((line) => line.endsWith(" 0"))).toBe(true);

    events.settled();
    expect(lines.map((line) => line.split("] ")[1]?.trim())).toEqual([
      "sync thread started.",
      "work done: true. Found 0 pods, 0 ids, 0 bindings machines=1 waiting=2 assignments=4 tookMs=20",
      "** stats collected **",
      "Pod listing: 0",
      "AzureIdentity listing: 0",
      "AzureIdentityBinding listing: 0",
      "AzureAssignedIdentity listing: 5",
      "System: 20ms",
    ]);
  });

  it("measures a cycle from the look that began work until nothing is under way, and idle looks not at all", async () => {
    const { events, metrics, clock } = start();
    const look = (begun: number) =>
      events.planned({ machines: [], notes: [], wantedCount: 0 }, { seen: snapshot(), begun, waiting: 0, tookMs: 500 });
    look(0);
    clock.advance(1_000);
    look(1);
    clock.advance(2_000);
    look(1); // more work in the same cycle
    clock.advance(7_500);
    look(0);
    events.settled();
    const { body } = await metrics.expose();
    const shown = [...body.matchAll(/^aadpodidentity_mic_(\w+_seconds_(?:sum|count)|cycle_count) (\S+)$/gm)];
    expect(Object.fromEntries(shown.map(([, name, value]) => [name, value]))).toMatchObject({
      cycle_count: "1",
      cycle_duration_seconds_sum: "10",
      cycle_duration_seconds_count: "1",
      plan_duration_seconds_count: "4",
    });
  });

  it("forgets a cycle that another leader ends", async () => {
    const { events, metrics } = start();
    const seen = snapshot();
    events.planned({ machines: [], notes: [], wantedCount: 0 }, { seen, begun: 1, waiting: 0, tookMs: 1 });
    events.leadingEnded();
    events.settled();
    expect((await metrics.expose()).body).toContain("aadpodidentity_mic_cycle_count 0");
  });

  it("says where a defect is that a look met", () => {
    const { events, lines } = start();
    events.lookFailed(Fault.from(new TypeError("no such thing")), 1_500);
    expect(lines).toEqual([
      expect.stringMatching(
        /^E.* the cluster could not be looked at, error: no such thing code="UNEXPECTED" retryInSeconds=1.5 at=".*leader-events\.test\.ts/,
      ),
    ]);
  });
});
