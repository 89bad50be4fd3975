import { managedSteps } from "./managed.ts";
import { namespacedSteps } from "./namespaced.ts";
import { principalSteps } from "./principals.ts";
import { severalSteps } from "./several.ts";
import { standardSteps } from "./standard.ts";
import type { Step } from "./walk.ts";

/** A guide as somebody would go through it, each step with what has to come of it. */
export type Walkthrough = {
  readonly name: string;
  /** What it shows, in a line of a list. */
  readonly shows: string;
  /** About how long it takes. */
  readonly seconds: number;
  /** Where the guide is, from the project's folder. */
  readonly guide: string;
  readonly steps: readonly Step[];
};

export const walkthroughs: readonly Walkthrough[] = [
  {
    name: "standard",
    shows: "a pod with the label gets tokens, another none",
    seconds: 20,
    guide: "docs/getting-started.md",
    steps: standardSteps(false),
  },
  {
    name: "older-yaml",
    shows: "the same with YAML from before release 1.6",
    seconds: 20,
    guide: "docs/upgrade.md",
    steps: standardSteps(true),
  },
  {
    name: "several-identities",
    shows: "pods with two identities, and which one they get",
    seconds: 20,
    guide: "docs/concepts.md",
    steps: severalSteps,
  },
  {
    name: "namespaced",
    shows: "identities for pods of their own namespace alone",
    seconds: 15,
    guide: "docs/namespaced.md",
    steps: namespacedSteps,
  },
  {
    name: "managed-mode",
    shows: "NMI without MIC, and an exception for an add-on",
    seconds: 15,
    guide: "docs/managed-mode.md",
    steps: managedSteps,
  },
  {
    name: "service-principals",
    shows: "client secret and certificate in a Secret",
    seconds: 15,
    guide: "docs/service-principals.md",
    steps: principalSteps,
  },
];

/** The list that `--list` prints, for 80 columns. */
export function listing(): string {
  const width = Math.max(...walkthroughs.map(({ name }) => name.length)) + 2;
  const rows = walkthroughs.map(({ name, shows, seconds }) => `  ${name.padEnd(width)}${seconds} s  ${shows}`);
  return [...rows, "", "Run one: npm run walkthrough -- NAME, or bin/podid walkthrough NAME"].join("\n");
}
