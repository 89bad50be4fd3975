import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TroubleRow, troubles, troubleTable } from "../support/nmi/troubles.ts";
import type { NmiAnswer } from "../support/nmi/world.ts";
import { type ServiceName, type TroubledNode, type TroubleWorld, troubleWorld } from "../support/trouble-world.ts";
import { nmiApiTrouble } from "./nmi-trouble-api.ts";
import { nmiClockTrouble } from "./nmi-trouble-clock.ts";
import { nmiDeletions } from "./nmi-trouble-deleted.ts";

/** Clients wait for half a minute at least. */
const CLIENTS_WAIT_SECONDS = 30;
/** As long as NMI asks on at least. */
const TRIED_ON_SECONDS = 15;
/** Much less than that, on a machine that has other things to do, too. */
const AT_ONCE_SECONDS = 8;
const HELD = "https://held.example";

/** How long it took, and by how many seconds `expires_in` is neither that of its beginning nor of its end. */
type Timed = NmiAnswer & { readonly seconds: number; readonly staleBy: number };
/** What pods of a service got: one whose token was at hand, one without, and that one when the trouble was over. */
type Seen = {
  readonly first: NmiAnswer;
  readonly held: readonly Timed[];
  readonly without: Timed;
  readonly calls: number;
  readonly after: Timed;
};

let world: TroubleWorld;
/**
 * Every trouble has a node of its own, and all pass at the same time, while the other suites run: NMI asks on for almost
 * half a minute before it refuses.
 */
const walks = new Map<TroubleRow, Promise<Readonly<Record<ServiceName, Seen>>>>();

beforeAll(async () => {
  world = await troubleWorld();
  for (const row of troubles) {
    const walk = walkThrough(world, row);
    walk.catch(() => {}); // it is told by the test that waits for it
    walks.set(row, walk);
  }
});
afterAll(async () => {
  await Promise.allSettled(walks.values());
  await world[Symbol.asyncDispose]();
});

nmiDeletions();
nmiClockTrouble();
nmiApiTrouble();

describe("what a pod gets in trouble", () => {
  const rows = troubles.flatMap((row) => (["imds", "entra"] as const).map((of) => ({ of, ...row, row })));
  it.each(rows)("when $of $it", async ({ of, row }) => {
    const { [of]: seen } = (await walks.get(row)) ?? {};
    if (seen === undefined) throw new Error("the trouble was not walked through");
    const { first, held, without, calls, after } = seen;
    const { status, error, retryAfter, isTriedOn } = row[of];

    const isRefused = error !== undefined;
    const why: unknown = isRefused ? expect.any(String) : undefined;
    expect([without.status, without.retryAfter, without.body.error]).toEqual([status, retryAfter, error]);
    expect(without.body.error_description).toEqual(why);
    expect(without.body.access_token).toEqual(isRefused ? undefined : expect.stringMatching(/^token-/));
    expect(without.text).not.toMatch(/unreachable|hush/i);
    expect(without.seconds).toBeLessThan(isTriedOn ? CLIENTS_WAIT_SECONDS : AT_ONCE_SECONDS);
    if (isTriedOn) expect(without.seconds).toBeGreaterThan(TRIED_ON_SECONDS);
    if (isTriedOn && row.does !== "refuses") expect(calls).toBeGreaterThan(2);

    // Meanwhile a token at hand is served, with what is left of it at the moment.
    expect(first.status).toBe(200);
    expect(new Set(held.map(({ status, body }) => `${status} ${body.access_token}`))).toEqual(
      new Set([`200 ${first.body.access_token}`]),
    );
    expect(Math.max(...held.map(({ seconds }) => seconds))).toBeLessThan(AT_ONCE_SECONDS);

    expect(Math.max(...held.map(({ staleBy }) => staleBy))).toBe(0);

    expect([after.status, after.body.error]).toEqual([200, undefined]);
    expect(after.seconds).toBeLessThan(CLIENTS_WAIT_SECONDS);
  });

  it("has the clients ask again where it passes, and only there", () => {
    const outcomes = troubles.flatMap(({ imds, entra }) => [imds, entra]).filter(({ error }) => error !== undefined);
    // Every SDK asks again after these, some only with the header, and Go not if it is to wait for more than 25 s.
    const passing = outcomes.filter(({ retryAfter }) => retryAfter !== undefined);
    expect([...new Set(passing.map(({ status }) => status))].sort()).toEqual([429, 503]);
    expect(Math.max(...passing.map(({ retryAfter }) => Number(retryAfter)))).toBeLessThanOrEqual(20);
    const lasting = outcomes.filter(({ retryAfter }) => retryAfter === undefined);
    expect([...new Set(lasting.map(({ status }) => status))]).toEqual([403]);
  });

  it("is what the documentation tells", () => {
    const text = readFileSync(join(import.meta.dirname, "../../docs/nmi.md"), "utf8");
    expect(text).toContain(troubleTable().join("\n"));
  });
});

async function walkThrough(world: TroubleWorld, { does }: TroubleRow): Promise<Readonly<Record<ServiceName, Seen>>> {
  await using node = await world.startNode();
  const first = { imds: await node.firstToken("imds", HELD), entra: await node.firstToken("entra", HELD) };
  await Promise.all([node.services.imds.begin(does), node.services.entra.begin(does)]);
  const endured = { imds: endure(node, "imds"), entra: endure(node, "entra") };
  const seen = { imds: await endured.imds, entra: await endured.entra };
  await Promise.all([node.services.imds.stop(), node.services.entra.stop()]);
  const after = { imds: recovered(node, "imds"), entra: recovered(node, "entra") };
  const both = {
    imds: { first: first.imds, ...seen.imds, after: await after.imds },
    entra: { first: first.entra, ...seen.entra, after: await after.entra },
  };
  expect(await node.isActive()).toBe(true);
  expect(node.nmi.output()).not.toContain("UNEXPECTED");
  return both;
}

async function endure(node: TroubledNode, of: ServiceName): Promise<Omit<Seen, "first" | "after">> {
  const service = node.services[of];
  const before = service.calls;
  const held: Timed[] = [];
  let isOver = false;
  const others = (async () => {
    do {
      held.push(await timed(() => node.ask(of, HELD)));
      if (!isOver) await pause(500);
    } while (!isOver);
  })();
  const without = await timed(() => node.ask(of, "https://other.example"));
  isOver = true;
  await others;
  return { held, without, calls: service.calls - before };
}

/** The next answer; after a refusal, which NMI remembers for 10 seconds, the first that is none. */
async function recovered(node: TroubledNode, of: ServiceName): Promise<Timed> {
  const other = "https://other.example";
  return await timed(async () => {
    const next = await node.ask(of, other);
    return next.status === 403 ? await node.firstToken(of, other) : next;
  });
}

async function timed(ask: () => Promise<NmiAnswer>): Promise<Timed> {
  const [begin, start] = [Date.now(), performance.now()];
  const answer = await ask();
  const { expires_on, expires_in } = answer.body;
  const sentAt = (Number(expires_on) - Number(expires_in)) * 1000;
  const staleBy = Math.max(0, Math.floor((begin - sentAt) / 1000), Math.floor((sentAt - Date.now()) / 1000));
  return { ...answer, seconds: (performance.now() - start) / 1000, staleBy };
}
