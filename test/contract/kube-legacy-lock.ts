import { describe, expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { endpointsLock } from "../../src/kube/endpoints-lock.ts";
import { EventRecorder } from "../../src/kube/events.ts";
import { LeaderLease } from "../../src/kube/leader.ts";
import { lead } from "../../src/kube/leadership.ts";
import { leaseLock } from "../../src/kube/lease.ts";
import { asRecord } from "../../src/kube/wire.ts";
import { eventually } from "../support/time/eventually.ts";
import { type ApiUnderTest, Place } from "./kube-under-test.ts";

const ANNOTATION = "control-plane.alpha.kubernetes.io/leader";
const DURATION_MS = 5_000;
const OTHERWISE = "or run it without that lock";

/** What client-go 0.23 leaves in the annotation when it holds the lock. */
const theirs = {
  holderIdentity: "an older program",
  leaseDurationSeconds: 15,
  acquireTime: "2026-01-02T03:04:05Z",
  renewTime: "2026-01-02T03:04:05Z",
  leaderTransitions: 3,
};

/** The lock of older programs, beside our own. */
export function kubeLegacyLock(api: () => ApiUnderTest): void {
  describe("the older lock", () => {
    it("is written as client-go reads it, and let go as client-go does, with all else of the object kept", async () => {
      await using place = await Place.make(api());
      const subsets = [{ addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 80 }] }];
      await put(place, { holderIdentity: "" }, { labels: { of: "somebody" }, annotations: { note: "kept" } }, subsets);
      const mine = program(place);
      await eventually(() => mine.isLeader()).toBe(true);

      expect(await recordIn(place)).toEqual({
        holderIdentity: "me",
        leaseDurationSeconds: 5,
        acquireTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        leaderTransitions: 1,
      });
      const { acquireTime, renewTime } = await recordIn(place);
      await eventually(async () => (await recordIn(place)).renewTime).not.toBe(renewTime);
      expect((await recordIn(place)).acquireTime).toBe(acquireTime);
      mine.stop();
      expect(await mine.result).toBe("stopped");

      const { holderIdentity, leaseDurationSeconds, leaderTransitions } = await recordIn(place);
      expect([holderIdentity, leaseDurationSeconds, leaderTransitions]).toEqual(["", 1, 1]);
      const object = await endpoints(place);
      const { labels, annotations } = asRecord(object.metadata);
      expect(labels).toMatchObject({ of: "somebody" });
      expect(annotations).toMatchObject({ note: "kept" });
      expect(object.subsets).toMatchObject([{ addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 80 }] }]);
    });

    it("is waited for while another holds it, with our own lock held", async () => {
      await using place = await Place.make(api());
      await put(place, theirs);
      const mine = program(place);
      await eventually(() => place.lines.filter((line) => line.includes("waiting lock=")).length).toBe(1);
      const before = await leaseSpec(place);
      await eventually(async () => (await leaseSpec(place)).renewTime).not.toBe(before.renewTime);
      expect(await leaseSpec(place)).toMatchObject({ holderIdentity: "me" });
      expect(mine.isLeader()).toBe(false);
      expect(await recordIn(place)).toEqual(theirs);

      await annotate(place, JSON.stringify({ ...theirs, holderIdentity: "" }));

      await eventually(() => mine.isLeader()).toBe(true);
      expect(await recordIn(place)).toMatchObject({ holderIdentity: "me", leaderTransitions: 4 });
    });

    it("is taken over when it cannot be read and nobody changes it", async () => {
      await using place = await Place.make(api());
      await put(place, theirs);
      await annotate(place, "{ no JSON");
      const mine = program(place);
      await eventually(() => place.lines.some((line) => line.includes('holder="(unreadable)"'))).toBe(true);
      await eventually(() => mine.isLeader()).toBe(true);
      expect(await recordIn(place)).toMatchObject({ holderIdentity: "me", leaderTransitions: 1 });
    });

    it("says what to do where the role does not allow it, and goes on when it does", async () => {
      await using place = await Place.make(api());
      const body = { kind: "Status", code: 403, message: 'endpoints is forbidden: User "x" cannot get resource' };
      for (let i = 0; i < 2; i += 1) place.proxy.answerNext(/GET .*endpoints\/legacy/, { status: 403, body });
      const mine = program(place);
      await eventually(() => mine.isLeader()).toBe(true);
      const said = place.lines.filter((line) => line.includes("cannot read or renew the leader lease"));
      expect(said).toHaveLength(1);
      expect(said[0]).toContain('grant \\"get\\" on endpoints in a role of this program\'s account, or run it without');
    });

    it("has events that say who leads, where older programs put them", async () => {
      await using place = await Place.make(api());
      await using recorder = new EventRecorder({ client: place.direct, component: "tester", log: place.log });
      const mine = program(place, recorder);
      await eventually(() => mine.isLeader()).toBe(true);
      mine.stop();
      await mine.result;
      await recorder.flush(place.signal);
      const { uid } = asRecord((await endpoints(place)).metadata);
      const fieldSelector = `involvedObject.kind=Endpoints,involvedObject.name=legacy,involvedObject.uid=${uid}`;
      const found = await place.direct.list(kinds.event, { namespace: place.namespace, fieldSelector }, place.signal);
      const texts = found.map(asRecord).map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
      expect(texts.sort()).toEqual([
        "Normal LeaderElection: me became leader",
        "Normal LeaderElection: me stopped leading",
      ]);
    });
  });
}

/** A program that leads by a Lease and the older lock. */
function program(place: Place, recorder?: EventRecorder) {
  const client = place.client();
  const shared = { identity: "me", durationMs: DURATION_MS, log: place.log };
  const inner = new LeaderLease({
    ...shared,
    lock: endpointsLock(client, place.ref("legacy"), OTHERWISE),
    onChange: (_, note) => recorder?.record(note),
  });
  const outer = new LeaderLease({ ...shared, lock: leaseLock(client, place.ref("own")) });
  const stop = new AbortController();
  place.signal.addEventListener("abort", () => stop.abort());
  let isWorking = false;
  const work = async (signal: AbortSignal) => {
    isWorking = true;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    isWorking = false;
  };
  const result = lead([outer, inner], work, stop.signal);
  place.run(result);
  return { result, isLeader: () => isWorking, stop: () => stop.abort() };
}

async function put(
  place: Place,
  record: object,
  meta: { labels?: object; annotations?: object } = {},
  subsets: readonly object[] = [],
) {
  const annotations = { ...meta.annotations, [ANNOTATION]: JSON.stringify(record) };
  const object = { metadata: { ...meta, name: "legacy", annotations }, subsets };
  await place.direct.create(kinds.endpoints, place.namespace, object, place.signal);
}

async function annotate(place: Place, text: string): Promise<void> {
  const body = { metadata: { annotations: { [ANNOTATION]: text } } };
  await place.direct.patch(kinds.endpoints, place.ref("legacy"), { type: "merge", body }, place.signal);
}

async function endpoints(place: Place): Promise<Readonly<Record<string, unknown>>> {
  return asRecord(await place.direct.get(kinds.endpoints, place.ref("legacy"), place.signal));
}

async function recordIn(place: Place): Promise<Readonly<Record<string, unknown>>> {
  const { annotations } = asRecord((await endpoints(place)).metadata);
  return asRecord(JSON.parse(String(asRecord(annotations)[ANNOTATION])));
}

async function leaseSpec(place: Place): Promise<Readonly<Record<string, unknown>>> {
  return asRecord(asRecord(await place.direct.get(kinds.lease, place.ref("own"), place.signal)).spec);
}
