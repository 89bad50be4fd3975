import type { Iptables } from "./iptables.ts";

/** Processor time so far, in milliseconds. */
type Meters = {
  readonly ownMs: () => number;
  /** Of programs that were run to their end; coarse, but without loss. */
  readonly programsMs: () => number;
};

type Metered = {
  readonly iptables: Iptables;
  /** Processor time spent on looks so far, of this process and of the programs that it ran for them. */
  readonly spentMs: () => number;
};

/** Over so many looks one is taken to have been disturbed least. */
const LOOKS_TO_COMPARE = 20;

/**
 * Counts what looks at the rules cost. Of this process that is the least that one of the last looks took, since what it
 * does at the same time for pods is none of theirs.
 */
export function metered(iptables: Iptables, { ownMs, programsMs }: Meters): Metered {
  const owns: number[] = [];
  let spent = 0;
  const read = async () => {
    const before = { own: ownMs(), programs: programsMs() };
    try {
      return await iptables.read();
    } finally {
      owns.push(ownMs() - before.own);
      if (owns.length > LOOKS_TO_COMPARE) owns.shift();
      spent += Math.min(...owns) + programsMs() - before.programs;
    }
  };
  return { iptables: { ...iptables, read }, spentMs: () => spent };
}
