import { realClock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Sandbox } from "../../sandbox/compose.ts";
import type { KubeObject } from "../kubectl/target.ts";
import type { Kubectl } from "../kubectl/verb.ts";
import type { Screen } from "../screen.ts";
import type { AzureIdentityNames } from "./manifests.ts";

/** How a walkthrough is made to fail on purpose, to show that it tells what is wrong. */
export type Breakage = "mic" | "identity" | "permission";

/** What the steps of a walkthrough share. */
export type Walk = {
  readonly sandbox: Sandbox;
  readonly kubectl: Kubectl;
  /** For what is waited for and checked behind what is typed. */
  readonly client: KubeClient;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly root: string;
  readonly timeoutMs: number;
  readonly breakage: Breakage | undefined;
  /** Whether the API server is of the user's own, where nobody serves logs of the sandbox's pods. */
  readonly isOnOwnCluster: boolean;
  /** Identities that were made on Azure, by name. */
  readonly identities: Map<string, AzureIdentityNames>;
  /** What was made in the cluster, so that it can be taken away in reverse. */
  readonly created: KubeObject[];
};

/** A request as it went to Azure. */
export type Sent = Awaited<ReturnType<Sandbox["azure"]["deleteIdentity"]>>;

/** A step of a guide. A step that does not hold throws Fault STEP_FAILED with what was expected and what is. */
export type Step = {
  readonly title: string;
  /** It takes away what was made, so that nothing is left to look at. */
  readonly isEnd?: boolean;
  readonly run: (walk: Walk) => Promise<void>;
};

/** Where things stand: the value that is waited for, or what there is in place of it. */
export type Standing<T> = { readonly value: T } | { readonly now: string };

export type Waiting<T> = {
  /** What is waited for, as the progress line shows it. */
  readonly what: string;
  readonly probe: () => Promise<Standing<T>>;
  /** Why it may not have come: a clause for the sentence that ends the walkthrough. */
  readonly diagnose?: () => Promise<string>;
};

/** Asks again until the value is there, drawing a line of progress. @throws Fault STEP_FAILED after the walk's time limit */
export async function until<T>(walk: Walk, { what, probe, diagnose }: Waiting<T>): Promise<T> {
  const started = realClock.monotonic();
  for (;;) {
    const seen = await probe();
    if ("value" in seen) return seen.value;
    walk.screen.progress(`waiting for ${what}: ${seen.now}`);
    if (realClock.monotonic() - started > walk.timeoutMs) {
      const why = diagnose === undefined ? `it is still ${seen.now}` : await diagnose();
      throw new Fault("STEP_FAILED", `waited ${walk.timeoutMs / 1000} s for ${what}, but ${why}`);
    }
    await realClock.sleep(50, walk.signal);
  }
}

/** An identity that was made on Azure in a step before. */
export function identityOf(walk: Walk, name: string): AzureIdentityNames {
  const identity = walk.identities.get(name);
  if (identity === undefined) throw new Fault("STEP_FAILED", `the identity ${name} was not created on Azure yet`);
  return identity;
}
