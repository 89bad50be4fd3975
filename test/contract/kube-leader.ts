import { describe, expect, it } from "vitest";
import { type Kind, kinds } from "../../src/api/kinds.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { endpointsLock } from "../../src/kube/endpoints-lock.ts";
import { LeaderLease } from "../../src/kube/leader.ts";
import { leaseLock } from "../../src/kube/lease.ts";
import type { LeaderLock } from "../../src/kube/lock.ts";
import { asRecord, type ObjectRef } from "../../src/kube/wire.ts";
import { eventually } from "../support/time/eventually.ts";
import { type ApiUnderTest, Place } from "./kube-under-test.ts";

/** Long enough that a slow machine does not lose it by accident. */
const DURATION_MS = 5_000;

/** So long that nobody who only looks from time to time would notice anything during a test. */
const ENDLESS_MS = 1_200_000;

type Over = {
  readonly durationMs?: number;
  readonly lock?: (client: KubeClient, ref: ObjectRef) => LeaderLock;
};

/** One candidate for leadership, and all that happened to it. */
class Candidate {
  readonly said: string[];
  readonly lease: LeaderLease;
  readonly result: Promise<"lost" | "stopped">;
  readonly #stop = new AbortController();

  constructor(place: Place, client: KubeClient, identity: string, said: string[], over: Over = {}) {
    const { durationMs = DURATION_MS, lock = leaseLock } = over;
    this.said = said;
    this.lease = new LeaderLease({
      lock: lock(client, place.ref("lock")),
      identity,
      durationMs,
      log: place.log,
      onChange: (isLeader) => said.push(`${identity} ${isLeader ? "leads" : "leads no more"}`),
    });
    const work = async (signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      said.push(`${identity} stopped working`);
    };
    this.result = this.lease.lead(work, this.#stop.signal);
    place.run(this.result);
    place.signal.addEventListener("abort", () => this.#stop.abort());
  }

  stop(): void {
    this.#stop.abort();
  }
}

/** The leader lease between candidates. */
export function kubeLeader(api: () => ApiUnderTest): void {
  describe("the leader lease", () => {
    it("goes to one candidate, and from one that stops to the next at once", async () => {
      await using place = await Place.make(api());
      const said: string[] = [];
      const first = new Candidate(place, place.client(), "first", said);
      await eventually(() => first.lease.isLeader).toBe(true);
      const second = new Candidate(place, place.direct, "second", said);
      await eventually(() => place.lines.some((line) => line.includes("waiting lock="))).toBe(true);
      expect(second.lease.isLeader).toBe(false);
      expect(await spec(place)).toMatchObject({
        holderIdentity: "first",
        leaseDurationSeconds: 5,
        leaseTransitions: 0,
      });

      first.stop();

      expect(await first.result).toBe("stopped");
      await eventually(() => second.lease.isLeader).toBe(true);
      expect(said).toEqual(["first leads", "first stopped working", "first leads no more", "second leads"]);
      expect(await spec(place)).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 });
    });

    it.each(locks)("passes at once from a leader that stops to one of those who wait, in a $name", async ({ lock }) => {
      await using place = await Place.make(api());
      const said: string[] = [];
      const over = { durationMs: ENDLESS_MS, lock };
      const first = new Candidate(place, place.client(), "first", said, over);
      await eventually(() => first.lease.isLeader).toBe(true);
      const others = ["second", "third"].map((name) => new Candidate(place, place.client(), name, said, over));
      await eventually(() => waiting(place)).toBe(2);
      await eventually(() => place.proxy.watches).toBe(3);

      first.stop();

      await eventually(() => others.filter(({ lease }) => lease.isLeader).length).toBe(1);
      expect(said.slice(0, 3)).toEqual(["first leads", "first stopped working", "first leads no more"]);
      expect(said.slice(3)).toHaveLength(1);
    });

    it.each(locks)("passes at once from a leader whose $name is deleted, when that one has stopped", async (kind) => {
      await using place = await Place.make(api());
      const said: string[] = [];
      const over = { durationMs: ENDLESS_MS, lock: kind.lock };
      const first = new Candidate(place, place.client(), "first", said, over);
      await eventually(() => first.lease.isLeader).toBe(true);
      const second = new Candidate(place, place.client(), "second", said, over);
      await eventually(() => waiting(place)).toBe(1);
      await eventually(() => place.proxy.watches).toBe(2);

      await place.direct.remove(kind.kind, place.ref("lock"), {}, place.signal);

      expect(await first.result).toBe("lost");
      await eventually(() => second.lease.isLeader).toBe(true);
      expect(said).toEqual(["first leads", "first leads no more", "first stopped working", "second leads"]);
    });

    it("passes on, if later, where nobody may watch it", async () => {
      await using place = await Place.make(api());
      const body = { kind: "Status", code: 403, message: 'leases is forbidden: User "x" cannot watch' };
      for (let i = 0; i < 20; i += 1) place.proxy.answerNext(/watch=true/, { status: 403, body });
      const first = new Candidate(place, place.client(), "first", []);
      await eventually(() => first.lease.isLeader).toBe(true);
      const second = new Candidate(place, place.client(), "second", []);
      await eventually(() => waiting(place)).toBe(1);
      first.stop();
      await eventually(() => second.lease.isLeader).toBe(true);
      const said = place.lines.filter((line) => line.includes("cannot watch the leader lock"));
      expect(said).toHaveLength(2); // once each
      expect(said[0]).toContain('grant \\"watch\\" on leases.coordination.k8s.io');
    });

    it("is kept by renewal for longer than it lasts", async () => {
      await using place = await Place.make(api());
      const said: string[] = [];
      const first = new Candidate(place, place.client(), "first", said);
      await eventually(() => first.lease.isLeader).toBe(true);
      const { renewTime } = await spec(place);
      await eventually(
        async () => Date.parse(String((await spec(place)).renewTime)) - Date.parse(String(renewTime)),
      ).toBeGreaterThan(DURATION_MS);
      expect(said).toEqual(["first leads"]);
    });

    it("is given up by a leader that is cut off, before another takes it", async () => {
      await using place = await Place.make(api());
      const said: string[] = [];
      const first = new Candidate(place, place.client(), "first", said);
      await eventually(() => first.lease.isLeader).toBe(true);
      const second = new Candidate(place, place.direct, "second", said);

      await place.proxy[Symbol.asyncDispose]();

      expect(await first.result).toBe("lost");
      expect(second.lease.isLeader).toBe(false);
      await eventually(() => second.lease.isLeader).toBe(true);
      expect(said).toEqual(["first leads", "first leads no more", "first stopped working", "second leads"]);
    });

    it("is lost when somebody else's name is put into it", async () => {
      await using place = await Place.make(api());
      const first = new Candidate(place, place.client(), "first", []);
      await eventually(() => first.lease.isLeader).toBe(true);
      await edit(place, { spec: { holderIdentity: "somebody" } });
      expect(await first.result).toBe("lost");
      expect(await spec(place)).toMatchObject({ holderIdentity: "somebody" });
    });

    it("is lost when it is deleted, since anybody may make another", async () => {
      await using place = await Place.make(api());
      const first = new Candidate(place, place.client(), "first", []);
      await eventually(() => first.lease.isLeader).toBe(true);
      await place.direct.remove(kinds.lease, place.ref("lock"), {}, place.signal);
      expect(await first.result).toBe("lost");
    });

    it("survives what others write beside it, and keeps that", async () => {
      await using place = await Place.make(api());
      const first = new Candidate(place, place.client(), "first", []);
      await eventually(() => first.lease.isLeader).toBe(true);
      const { renewTime } = await spec(place);
      await edit(place, { metadata: { labels: { note: "kept" } } });
      await eventually(async () => (await spec(place)).renewTime).not.toBe(renewTime);
      const lease = asRecord(await place.direct.get(kinds.lease, place.ref("lock"), place.signal));
      expect(asRecord(lease.metadata).labels).toEqual({ note: "kept" });
      expect(first.lease.isLeader).toBe(true);
    });
  });
}

/** Both kinds of object that can be the lock. */
const locks: readonly { readonly name: string; readonly kind: Kind; readonly lock: NonNullable<Over["lock"]> }[] = [
  { name: "Lease", kind: kinds.lease, lock: leaseLock },
  { name: "record in Endpoints", kind: kinds.endpoints, lock: (client, ref) => endpointsLock(client, ref, "or else") },
];

/** How many candidates have found that another holds the lock. */
function waiting(place: Place): number {
  return place.lines.filter((line) => line.includes("waiting lock=")).length;
}

async function spec(place: Place): Promise<Readonly<Record<string, unknown>>> {
  return asRecord(asRecord(await place.direct.get(kinds.lease, place.ref("lock"), place.signal)).spec);
}

async function edit(place: Place, body: object): Promise<void> {
  await place.direct.patch(kinds.lease, place.ref("lock"), { type: "merge", body }, place.signal);
}
