/** What histories have to come to, lest their trouble proves nothing; all of it comes up in a few thousand. */
export const MET = [
  "steady refusals beside good pods",
  "a good pod served although others are refused",
  "azure.json read anew",
  "azure.json ends refusals",
  "azure.json of another cluster",
  "azure.json with which MIC cannot sign in",
  "a change refused for want of room",
  "a change refused for what the machine carries",
  "a look at a machine that somebody else changes",
  "a change refused since the machine is not as it was seen",
  "a change refused since somebody else changes the machine",
  "a forged record in place",
  "a forged record in a wrong namespace",
  "a forged record of a foreign machine",
  "a forged record of a pinned identity",
  "a pod on a Windows node",
  "a pod on a machine that MIC may not change",
  "a change of a machine in another subscription",
  "a change of a machine in another resource group",
  "a wish for more identities than a change takes",
] as const;
export type Met = (typeof MET)[number];
/** How often each came up. */
export type Counts = Readonly<Partial<Record<Met, number>>>;

/** Counts what histories come to, since trouble that is drawn may meet nobody. */
export class Tally {
  readonly #counts = new Map<Met, number>();

  count(what: Met): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  get counts(): Counts {
    return Object.fromEntries(this.#counts);
  }
}

/** All counts together. */
export function sum(all: readonly Counts[]): Counts {
  const total = (what: Met) => all.reduce((n, counts) => n + (counts[what] ?? 0), 0);
  return Object.fromEntries(MET.flatMap((what) => (total(what) === 0 ? [] : [[what, total(what)]])));
}
