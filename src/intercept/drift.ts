import { mayDecide } from "./precedence.ts";
import { type Chain, chainNames } from "./rules.ts";
import { type SavedRule, type SavedTable, targetOf } from "./saved.ts";

/**
 * What it does to packets:
 *
 * | harm | the chain | its packets |
 * | --- | --- | --- |
 * | broken | is not whole, or not jumped to | go past it |
 * | rival | is as another NMI lays it, for a port of its own | come to that NMI |
 * | overruled | is right, after a rule that may decide | may go past it |
 * | late | is right, after rules that let them pass | come to it |
 *
 * The chain that keeps loopback is late and never overruled: it has no requests of pods, which come to NMI all the same.
 */
type Harm =
  | { readonly harm: "broken" | "overruled" | "late" }
  /** The ports are the one that packets are sent to, and the one that they should be sent to. */
  | { readonly harm: "rival"; readonly rivalPort: number; readonly ownPort: number };

const [, KEEPS_LOOPBACK] = chainNames.filter;

const TARGET = /(?<=--to-destination [\d.]+):(\d+)$/;

/** A chain that is not as it should be. */
export type Drift = {
  readonly chain: Chain;
  /** What is wrong, in words for the log. */
  readonly wrong: readonly string[];
  /** The jumps to the chain that its hook has now. */
  readonly jumps: readonly SavedRule[];
} & Harm;

/** What is wrong with a chain in its table as read; undefined when all is as it should be, order and all. */
export function driftOf(chain: Chain, saved: SavedTable): Drift | undefined {
  const hooked = saved.rules.filter((rule) => rule.chain === chain.hook);
  const jumps = hooked.filter((rule) => targetOf(rule) === chain.name);
  const [held, jumpedTo] = [wrongRules(chain, saved), wrongJumps(chain, jumps)];
  const before = jumps[0] === undefined ? [] : hooked.slice(0, hooked.indexOf(jumps[0]));
  const deciding = before.find((rule) => mayDecide(rule, chain, saved));
  const first = deciding ?? before[0];
  const displaced =
    first === undefined ? [] : [`${chain.hook} comes to "${first.text}" before it comes to ${chain.name}`];
  const wrong = [...held, ...jumpedTo, ...displaced];
  if (wrong.length === 0) return undefined;
  const drift = { chain, wrong, jumps };
  const ports = held.length > 0 ? rivalPorts(chain, saved) : undefined;
  if (jumpedTo.length > 0 || (held.length > 0 && ports === undefined)) return { ...drift, harm: "broken" };
  if (deciding !== undefined && chain.name !== KEEPS_LOOPBACK) return { ...drift, harm: "overruled" };
  return ports === undefined ? { ...drift, harm: "late" } : { ...drift, harm: "rival", ...ports };
}

type Ports = { readonly rivalPort: number; readonly ownPort: number };

/** The port of the NMI that laid a chain, if one did, and ours: it holds what it should, but for the port at the same address. */
function rivalPorts({ name, rules }: Chain, saved: SavedTable): Ports | undefined {
  const found = saved.rules.filter(({ chain }) => chain === name).map(({ text }) => text);
  const isAlike =
    found.length === rules.length && rules.every((rule, at) => butPort(rule) === butPort(found[at] ?? ""));
  const differs = found.findIndex((rule, at) => rule !== rules[at]);
  const [rivalPort, ownPort] = [portOf(found[differs]), portOf(rules[differs])];
  return !isAlike || rivalPort === undefined || ownPort === undefined ? undefined : { rivalPort, ownPort };
}

/** The port that a rule sends packets to, if it does. */
function portOf(rule = ""): number | undefined {
  const port = TARGET.exec(rule)?.[1];
  return port === undefined ? undefined : Number(port);
}

const butPort = (rule: string) => rule.replace(TARGET, "");

function wrongRules({ name, rules }: Chain, saved: SavedTable): string[] {
  if (!saved.chains.has(name)) return [`chain ${name} is missing`];
  const found = saved.rules.filter(({ chain }) => chain === name).map(({ text }) => text);
  if (found.length === rules.length && rules.every((rule, at) => rule === found[at])) return [];
  if (found.length === 0) return [`chain ${name} is empty`];
  const missing = rules.filter((rule) => !found.includes(rule)).map((rule) => `${name} lacks "${rule}"`);
  const foreign = found.filter((rule) => !rules.includes(rule)).map((rule) => `${name} holds "${rule}"`);
  const repeated = rules.filter((rule) => found.indexOf(rule) !== found.lastIndexOf(rule));
  const wrong = [...missing, ...foreign, ...repeated.map((rule) => `${name} holds "${rule}" more than once`)];
  return wrong.length > 0 ? wrong : [`the rules of ${name} are in the wrong order`];
}

function wrongJumps({ hook, name }: Chain, jumps: readonly SavedRule[]): string[] {
  const whole = jumps.filter(({ text }) => text === `-j ${name}`);
  if (whole.length === 0) return [`${hook} does not jump to ${name}`];
  return jumps.length === 1 ? [] : [`${hook} jumps to ${name} ${jumps.length} times`];
}
