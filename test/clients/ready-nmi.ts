import { expect, vi } from "vitest";
import type { NodeWithPods } from "../support/netns/cluster.ts";
import type { RunningProgram } from "../support/program.ts";

/** NMI on the node, once its rules stand and pods are served; in hooks too, where `eventually` cannot be called. */
export async function startReadyNmi(at: NodeWithPods, ...flags: readonly string[]): Promise<RunningProgram> {
  const nmi = at.startNmi(...flags);
  await nmi.says("initialized health probe on port ");
  const port = /initialized health probe on port (\d+)/.exec(nmi.output())?.[1];
  const readiness = () => at.host.ask<string>({ get: `http://127.0.0.1:${port}/readyz` });
  await vi.waitFor(async () => expect(await readiness()).toBe("200 Active"), { timeout: 20_000, interval: 20 });
  return nmi;
}
