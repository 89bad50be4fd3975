import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NmiAnswer } from "../support/nmi/world.ts";
import { eventually } from "../support/time/eventually.ts";
import { type FakedClock, fakedClockMissing, steppedClock } from "../support/time/faked-clock.ts";
import { type TroubledNode, type TroubleWorld, troubleWorld } from "../support/trouble-world.ts";

const HOUR = 3600;
const MINUTE = 60;
const services = ["imds", "entra"] as const;
const missing = fakedClockMissing();
/** What the service asks for, less what timers are imprecise by. */
const PAUSE_MS = 1900;
/** The wait that a step happens in takes 1 to 3 s; a busy machine takes longer, one that hangs does for 2 hours. */
const SOON_MS = 20_000;

/** What comes of a clock that is set while NMI runs. */
export function nmiClockTrouble(): void {
  describe.skipIf(missing !== undefined)(`NMI when its clock is set${missing ? ` (skipped: ${missing})` : ""}`, () => {
    let world: TroubleWorld;
    let clock: FakedClock;
    let node: TroubledNode;
    let resources = 0;

    beforeAll(async () => {
      world = await troubleWorld();
      clock = await steppedClock();
      node = await world.startNode({ env: clock.env });
      for (const of of services) await node.firstToken(of, "first");
    });
    afterAll(async () => {
      await node[Symbol.asyncDispose]();
      await clock[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    });
    beforeEach(() => clock.set(0));

    const another = () => `https://resource-${++resources}.example`;
    /** How many seconds of the token are left by NMI's clock and how many the answer says. */
    const lefts = ({ body }: NmiAnswer, offset: number) => {
      const now = Math.floor(Date.now() / 1000) + offset;
      return { left: Number(body.expires_on) - now, said: Number(body.expires_in) };
    };

    describe.each(services)("with a token of %s at hand", (of) => {
      it.each([
        { way: "forwards", offset: 2 * HOUR },
        { way: "back", offset: -2 * HOUR },
      ])("$way, tells what is left at the moment", async ({ offset }) => {
        const resource = another();
        node.services[of].lifeSeconds = 3 * HOUR;
        const first = await node.ask(of, resource);
        await clock.set(offset);
        const second = await node.ask(of, resource);
        expect(second.body.access_token).toBe(first.body.access_token);
        const { left, said } = lefts(second, offset);
        expect(Math.abs(said - left)).toBeLessThanOrEqual(5);
      });

      it("forwards beyond the token's end, never serves it, and serves it again when the clock is put right", async () => {
        const resource = another();
        const service = node.services[of];
        service.lifeSeconds = 3 * HOUR;
        const first = await node.ask(of, resource);
        await clock.set(3 * HOUR - 4 * MINUTE);
        service.lifeSeconds = 24 * HOUR;
        const second = await node.ask(of, resource);
        expect([second.status, second.body.access_token === first.body.access_token]).toEqual([200, false]);
        await clock.set(25 * HOUR);
        await service.begin({ status: 400, body: "{}" });
        const third = await node.ask(of, resource);
        expect([third.status, third.body.access_token]).toEqual([403, undefined]);
        await service.stop();
        await clock.set(0);
        expect((await node.ask(of, resource)).body.access_token).toBe(second.body.access_token);
      });

      it.each([
        { way: "forwards", offset: 2 * HOUR },
        { way: "back", offset: -2 * HOUR },
      ])("$way, goes on with a pause that the service asked for", async ({ offset }) => {
        const service = node.services[of];
        service.lifeSeconds = 24 * HOUR;
        const begin = performance.now();
        const before = service.calls;
        await service.begin({ status: 429, headers: { "Retry-After": "2" } });
        const waiting = node.ask(of, another());
        await eventually(() => service.calls).toBeGreaterThan(before);
        await service.stop();
        await clock.set(offset);
        expect((await waiting).status).toBe(200);
        expect(performance.now() - begin).toBeGreaterThan(PAUSE_MS);
        expect(performance.now() - begin).toBeLessThan(SOON_MS);
      });
    });

    it("back, gives a pod that had too many tokens fetched others soon", async () => {
      const all = await Promise.all(Array.from({ length: 30 }, () => node.ask("imds", another())));
      expect(all.map(({ status }) => status)).toContain(429);
      await clock.set(-2 * HOUR);
      await eventually(async () => (await node.ask("imds", another())).status).toBe(200);
    });

    it("back, gives up on an address that is no pod's as soon as ever", async () => {
      const begin = performance.now();
      const waiting = node.askFrom("127.94.0.1", "first");
      await clock.set(-2 * HOUR);
      expect(await waiting).toMatchObject({ status: 503, retryAfter: "2" });
      expect(performance.now() - begin).toBeLessThan(SOON_MS);
    });

    it("still hears at once of what is deleted", async () => {
      await clock.set(-2 * HOUR);
      const bindings = "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureidentitybindings";
      await world.kube.call("DELETE", `${bindings}/${node.names.imds}`);
      await eventually(async () => (await node.ask("imds", "first")).status).toBe(404);
      expect(await node.isActive()).toBe(true);
      expect(node.nmi.output()).not.toContain("UNEXPECTED");
    });
  });
}
