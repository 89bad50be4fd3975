import { afterAll, beforeAll, describe, expect, inject } from "vitest";
import { type MicKubernetes, micKubernetes } from "../mic/kubernetes.ts";
import type { ControlPlaneAddress } from "./control-plane.ts";

/**
 * Tests that need a real API server, and may use the one that all share. Where there is none they are only listed, with
 * the reason, and the address is not to be read.
 */
export function onKubernetes(title: string, tests: (shared: ControlPlaneAddress) => void): void {
  const plane = inject("controlPlane");
  const reason = "missing" in plane ? ` (skipped: ${plane.missing})` : "";
  describe.skipIf("missing" in plane)(`${title}${reason}`, () => tests(plane as ControlPlaneAddress));
}

/** Gives the tests around it a real API server of their own, which must have refused MIC nothing when they are over. */
export function hostMic(use: (at: MicKubernetes) => void, options: Parameters<typeof micKubernetes>[0] = {}): void {
  let at: MicKubernetes;
  beforeAll(async () => {
    at = await micKubernetes(options);
    use(at);
  });
  afterAll(async () => {
    const refusals = await at.refusals();
    await at[Symbol.asyncDispose]();
    expect(refusals).toEqual([]);
  });
}

/** The same with a MIC that leads there all the time; `prepare` gives the flags that it has besides. */
export function hostLeader(prepare: (at: MicKubernetes) => Promise<readonly string[]>): void {
  let at: MicKubernetes;
  let mic: AsyncDisposable | undefined;
  hostMic((own) => {
    at = own;
  });
  beforeAll(async () => {
    const leader = await at.start("mic", await prepare(at));
    mic = leader;
    await leader.says(/sync thread started/);
  });
  afterAll(() => mic?.[Symbol.asyncDispose]());
}
