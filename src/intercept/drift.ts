import type { Chain } from "./rules.ts";
import { type SavedRule, type SavedTable, targetOf } from "./saved.ts";

/** A chain that is not as it should be. */
export type Drift = {
  readonly chain: Chain;
  /** What is wrong, in words for the log. */
  readonly wrong: readonly string[];
  /** The chain is right and jumped to, only not first: it works unless what is before it decides. */
  readonly isOnlyPosition: boolean;
  /** The jumps to the chain that its hook has now. */
  readonly jumps: readonly SavedRule[];
};

/** What is wrong with a chain in its table as read; undefined when all is as it should be, order and all. */
export function driftOf(chain: Chain, saved: SavedTable): Drift | undefined {
  const hooked = saved.rules.filter((rule) => rule.chain === chain.hook);
  const jumps = hooked.filter((rule) => targetOf(rule) === chain.name);
  const broken = [...wrongRules(chain, saved), ...wrongJumps(chain, jumps)];
  const first = hooked[0];
  const displaced =
    first !== undefined && jumps.length > 0 && !jumps.includes(first)
      ? [`${chain.hook} comes to "${first.text}" before it comes to ${chain.name}`]
      : [];
  const wrong = [...broken, ...displaced];
  return wrong.length === 0 ? undefined : { chain, wrong, isOnlyPosition: broken.length === 0, jumps };
}

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
