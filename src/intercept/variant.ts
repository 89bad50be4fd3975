import { Fault } from "../base/fault.ts";
import type { RunCommand } from "./command.ts";
import { type Iptables, iptablesOf, type Variant } from "./iptables.ts";
import { chainNames } from "./rules.ts";
import { readSaved } from "./saved.ts";

/** What a variant of iptables holds. */
type Look = { readonly iptables: Iptables; readonly saved: string; readonly isWhole: boolean };

export type Found = {
  /** The one in which NMI's rules belong; its first read tells what was found there now. */
  readonly chosen: Iptables;
  /** Variants that are not chosen but hold rules of NMI all the same. */
  readonly stale: readonly Variant[];
  /** Whether the chosen one had a chain of this name, or may have had it, as it could not be read. */
  readonly had: (chain: string) => boolean;
};

const named = [
  { program: "iptables-nft", variant: "nf_tables" },
  { program: "iptables-legacy", variant: "legacy" },
] as const;

/**
 * Chooses the variant that kubelet and kube-proxy use, as Kubernetes' own images do; where their traces do not tell, what
 * `iptables` is. @throws Fault PLATFORM_UNSUPPORTED where there is no iptables
 */
export async function findIptables(run: RunCommand): Promise<Found> {
  const looks = await lookAtAll(run);
  const best = Math.max(...looks.map(({ saved }) => traces(saved)));
  const traced = looks.filter(({ saved }) => traces(saved) === best);
  const usual = traced.length > 1 ? await usualVariant(run) : undefined;
  const chosen = traced.find(({ iptables }) => iptables.variant === usual) ?? traced[0];
  if (chosen === undefined) {
    const message =
      "iptables is not installed: install it (Debian: apt-get install iptables), or have requests redirected by other means and start NMI with --skip-iptables";
    throw new Fault("PLATFORM_UNSUPPORTED", message);
  }
  const stale = looks
    .filter((look) => look !== chosen && holdsOurs(look.saved))
    .map(({ iptables }) => iptables.variant);
  return { chosen: readOnce(chosen), stale, had: (chain) => !chosen.isWhole || holds(chosen.saved, chain) };
}

/** To look again at once would keep pods waiting for nothing. */
function readOnce({ iptables, saved, isWhole }: Look): Iptables {
  let fresh = isWhole ? saved : undefined;
  const read: Iptables["read"] = async () => {
    const found = fresh;
    fresh = undefined;
    return found === undefined ? await iptables.read() : readSaved(found);
  };
  return { ...iptables, read };
}

/** Every variant that is installed. */
export async function allIptables(run: RunCommand): Promise<Iptables[]> {
  return (await lookAtAll(run)).map(({ iptables }) => iptables);
}

/** What is installed; asked all at once, since NMI serves nobody meanwhile. */
async function lookAtAll(run: RunCommand): Promise<readonly Look[]> {
  const all = await Promise.all(named.map(({ program, variant }) => look(program, variant, run)));
  const looks = all.filter((one) => one !== undefined);
  if (looks.length > 0) return looks;
  const only = await look("iptables", (await usualVariant(run)) ?? "legacy", run);
  return only === undefined ? [] : [only];
}

async function look(program: string, variant: Variant, run: RunCommand): Promise<Look | undefined> {
  // Without a table named, since naming one makes a kernel have it.
  const ran = await run(`${program}-save`, []);
  return ran && { iptables: iptablesOf(program, variant, run), saved: ran.stdout, isWhole: ran.code === 0 };
}

async function usualVariant(run: RunCommand): Promise<Variant | undefined> {
  const ran = await run("iptables", ["--version"]);
  return ran && (ran.stdout.includes("nf_tables") ? "nf_tables" : "legacy");
}

/** How sure it is that Kubernetes keeps its rules here: kubelet leaves the hint for this purpose. */
function traces(saved: string): number {
  if (/^:KUBE-(IPTABLES-HINT|KUBELET-CANARY) /m.test(saved)) return 2;
  return /^:KUBE-/m.test(saved) ? 1 : 0;
}

function holdsOurs(saved: string): boolean {
  return Object.values(chainNames)
    .flat()
    .some((name) => holds(saved, name));
}

const holds = (saved: string, chain: string) => saved.includes(`\n:${chain} `);
