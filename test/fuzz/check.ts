import fc from "fast-check";
import { callers } from "./callers.ts";
import { bytesOf, type Exchange, exchange } from "./exchange.ts";
import { wrongAnswers, wrongArrivals } from "./judge.ts";
import type { Failure, Report } from "./report.ts";
import { type Connection, connections } from "./requests.ts";
import type { World } from "./world.ts";

/** Connections that are open at once, at most. */
const AT_ONCE = 96;
/** Batches of them between two looks at NMI's memory. */
const ROUND = 5;

type FuzzOptions = {
  readonly seed: number;
  readonly requests: number;
  /** Where a failure lies, as the report of one says; only that batch is sent. */
  readonly path?: string | undefined;
  /** Look for the smallest batch that fails, or be content with the first. */
  readonly shrinks: boolean;
};
type Tally = { connections: number; requests: number; arrived: number; statuses: Record<string, number> };

const batches = fc.array(connections, { minLength: 1, maxLength: AT_ONCE, size: "max" });

/** Sends random requests, some connections at once, until as many are sent as told or something is wrong. */
export async function checkRequests(world: World, options: FuzzOptions): Promise<Report> {
  const tally: Tally = { connections: 0, requests: 0, arrived: 0, statuses: {} };
  const residentMb: number[] = [];
  let failure: Failure | undefined;
  for (let seed = options.seed; failure === undefined; seed += 1) {
    failure = await checkRound(world, { ...options, seed }, tally);
    residentMb.push(Math.round(world.residentMb()));
    if (options.path !== undefined || tally.requests >= options.requests) break;
  }
  return { ...tally, residentMb, ...(failure === undefined ? {} : { failure }) };
}

async function checkRound(world: World, options: FuzzOptions, tally: Tally): Promise<Failure | undefined> {
  const { seed, path, shrinks } = options;
  const problems = new Map<readonly Connection[], readonly string[]>();
  const property = fc.asyncProperty(batches, async (batch) => {
    const wrong = await play(world, batch, tally);
    if (wrong.length > 0) problems.set(batch, wrong);
    return wrong.length === 0;
  });
  const at = path === undefined ? { numRuns: ROUND } : { path, numRuns: 1 };
  const found = await fc.check(property, { seed, ...at, endOnFailure: !shrinks });
  const [batch] = found.counterexample ?? [];
  if (!found.failed || batch === undefined) return undefined;
  const nameOf = ({ caller }: Connection) => callers[caller]?.name;
  const sent = batch.map((one) => `${nameOf(one)}: ${JSON.stringify(bytesOf(one, world.ports))}`);
  return {
    seed,
    path: found.counterexamplePath ?? "",
    problems: problems.get(batch) ?? [String(found.errorInstance)],
    sent,
  };
}

/** What is wrong after some connections at once. */
async function play(world: World, batch: readonly Connection[], tally: Tally): Promise<readonly string[]> {
  const reachedBefore = world.elsewhere.reached();
  world.imds.take();
  const exchanges = await Promise.all(batch.map((connection) => exchange(connection, world.ports)));
  const arrived = world.imds.take();
  count(tally, exchanges, arrived.length);
  const lastWords = await world.lastWords();
  const asking = new Set(batch.map(({ caller }) => caller));
  return [
    ...exchanges.flatMap(wrongAnswers),
    ...wrongArrivals(arrived, asking, world.imds.port),
    ...(world.elsewhere.reached() > reachedBefore ? ["somebody else was reached"] : []),
    ...(lastWords === undefined ? [] : [`NMI has ended: ${lastWords}`]),
  ];
}

function count(tally: Tally, exchanges: readonly Exchange[], arrived: number): void {
  tally.connections += exchanges.length;
  tally.arrived += arrived;
  for (const { connection, received } of exchanges) {
    tally.requests += connection.pieces.length;
    for (const [, status = ""] of received.matchAll(/^HTTP\/1\.1 (\d+) /gm)) {
      tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
    }
  }
}
