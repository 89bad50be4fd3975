import { setTimeout } from "node:timers/promises";
import type { Measured } from "./measured.ts";
import { type Change, killed, rolledOut } from "./nmi-change.ts";
import { type Load, load } from "./nmi-load.ts";
import { type NmiPlace, nmiPlace } from "./nmi-place.ts";
import { type NmiProgram, startNmi } from "./nmi-program.ts";
import { type NmiSize, objectsOf, type Shares, sharesOf } from "./nmi-shares.ts";
import { askFirstTokens, type FirstTokens, runStorm, runWaiting, type Storm } from "./nmi-tokens.ts";

type Memory = { readonly rssMb: number; readonly privateMb: number };
/** What a program takes before it has given many tokens. */
export type NmiStart = FirstTokens & { readonly readyMs: number; readonly idle: Memory };
/** How one program did once, on a node of its own. */
export type NmiRun = NmiStart & {
  readonly program: string;
  readonly load: Load;
  readonly loaded: Memory;
  readonly storm: Storm;
  /** From when each record's change to Assigned is sent to the token of the pod that waited. */
  readonly waitedMs: readonly number[];
  readonly killed: Change;
  /** Absent for a program of which no two can run. */
  readonly rolledOut: Change | undefined;
  readonly long: LongLoad | undefined;
};
/** Memory while a load went on, from its beginning on. */
export type LongLoad = { readonly requests: number; readonly rssMb: readonly number[] };
export type NmiResults = {
  /** In the order in which they ran. */
  readonly runs: readonly (NmiRun & { readonly round: number })[];
  readonly bareLoads: readonly (Load & { readonly round: number })[];
  /** Of a relay: what little a program of Node takes that uses its HTTP. */
  readonly relays: readonly (NmiStart & { readonly round: number })[];
  readonly size: NmiSize;
};
type RunOptions = {
  readonly size: NmiSize;
  /** Whether the load is followed by one so long that a leak would be seen. */
  readonly isLong: boolean;
  /** Whether two can run while one takes over from the other. */
  readonly canOverlap: boolean;
};

const SETTLE_MS = 2_000;
/** At the memory, during the long load. */
const LOOKS = 20;

/** Everything that is asked about a program that knows pods. */
export async function runNmi(program: NmiProgram, options: RunOptions, signal: AbortSignal): Promise<NmiRun> {
  const shares = sharesOf(options.size);
  await using place = await nmiPlace(shares.addresses, signal);
  await place.put(objectsOf(shares.atStart));
  const { nmi, readyMs } = await startNmi(program, place);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => nmi.kill());
  const asked = await askAll({ nmi, place, shares, ...options }, signal);
  const changes = await change(program, place, nmi, options);
  return { program: program.name, readyMs, ...asked, ...changes };
}

/** The load alone, for a program that answers everybody the same. */
export async function runBare(program: NmiProgram, size: NmiSize, signal: AbortSignal): Promise<Load> {
  await using place = await nmiPlace(1, signal);
  await setTimeout(SETTLE_MS, undefined, { signal });
  const { nmi } = await startNmi(program, place);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => nmi.kill());
  return await warmLoad(place, nmi, size, signal);
}

/** The start and the first tokens alone, for a program that knows no pods. */
export async function runRelay(program: NmiProgram, size: NmiSize, signal: AbortSignal): Promise<NmiStart> {
  const shares = sharesOf(size);
  await using place = await nmiPlace(shares.addresses, signal);
  await setTimeout(SETTLE_MS, undefined, { signal });
  const { nmi, readyMs } = await startNmi(program, place);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => nmi.kill());
  await setTimeout(SETTLE_MS, undefined, { signal });
  const idle = memoryOf(nmi);
  return { readyMs, idle, ...(await askFirstTokens(place, shares, signal, true)) };
}

type Asking = RunOptions & { readonly nmi: Measured; readonly place: NmiPlace; readonly shares: Shares };

async function askAll({ nmi, place, shares, size, isLong }: Asking, signal: AbortSignal) {
  await setTimeout(SETTLE_MS, undefined, { signal });
  const idle = memoryOf(nmi);
  const first = await askFirstTokens(place, shares, signal);
  const warm = await warmLoad(place, nmi, size, signal);
  const long = isLong ? await longLoad({ nmi, place, size }, warm, signal) : undefined;
  const loaded = memoryOf(nmi);
  const storm = await runStorm(place, shares);
  const waitedMs = await runWaiting(place, shares, signal);
  return { idle, ...first, load: warm, long, loaded, storm, waitedMs };
}

async function change(program: NmiProgram, place: NmiPlace, nmi: Measured, { canOverlap }: RunOptions) {
  const first = { nmi, readyMs: Number.NaN };
  if (!canOverlap) return { killed: await killed(program, place, first), rolledOut: undefined };
  const change = await rolledOut(program, place, first);
  return { rolledOut: change, killed: await killed(program, place, await startNmi(program, place)) };
}

async function warmLoad(place: NmiPlace, nmi: Measured, size: NmiSize, signal: AbortSignal): Promise<Load> {
  await load(place, nmi, size.warmUpSeconds, signal);
  await setTimeout(SETTLE_MS, undefined, { signal }); // a pod may have so many connections, and no more
  return await load(place, nmi, size.loadSeconds, signal);
}

async function longLoad(
  { nmi, place, size }: Pick<Asking, "nmi" | "place" | "size">,
  { requestsASecond }: Load,
  signal: AbortSignal,
): Promise<LongLoad> {
  const seconds = Math.ceil(size.longRequests / requestsASecond / LOOKS);
  const rssMb: number[] = [];
  let requests = 0;
  while (requests < size.longRequests) {
    requests += (await load(place, nmi, seconds, signal)).requests;
    rssMb.push(memoryOf(nmi).rssMb);
  }
  return { requests, rssMb };
}

function memoryOf(nmi: Measured): Memory {
  return { rssMb: nmi.memoryMb().now, privateMb: nmi.privateMb() };
}
