import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLog } from "../../src/base/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { endpointsLock } from "../../src/kube/endpoints-lock.ts";
import { LeaderLease } from "../../src/kube/leader.ts";
import { lead } from "../../src/kube/leadership.ts";
import { leaseLock } from "../../src/kube/lease.ts";
import { accessTo, startControlPlane } from "../support/kube/control-plane.ts";
import { crdsInto } from "../support/mic/cluster.ts";

const DURATION_MS = 4_000;
const LOCK = { namespace: "default", name: "aad-pod-identity-mic" };
/** Enough for the peer to start; it does not sign in before there is something to do. */
const azureJson = {
  cloud: "AzurePublicCloud",
  tenantId: "t",
  aadClientId: "c",
  aadClientSecret: "s",
  subscriptionId: "s",
  resourceGroup: "rg",
};
const within = { timeout: 40_000, interval: 50 };
const log = createLog({ write: () => {} });

/** Leadership between the last release that knew only the older lock and this one, during an upgrade and back. */
export function kubePeerLeader(peer: string): void {
  describe("beside the release that knows only the older lock, leadership", () => {
    it("is waited for, taken over when the other is killed, and handed back at once; never both have it", async ({
      signal,
    }) => {
      await using place = await peerPlace(peer);
      const { lease, endpoints } = place;
      const first = place.startPeer();
      await expect.poll(async () => (await endpoints.look(signal))?.holder, within).toBe("theirs");
      const { both, renewals } = place.observe(signal);
      place.startOurs();
      await expect.poll(async () => (await lease.look(signal))?.holder, within).toBe("ours");
      const seen = renewals.theirs;
      await expect.poll(() => renewals.theirs, within).toBeGreaterThan(seen + 5); // longer than the lock lasts
      expect(place.isWorking).toBe(false);

      first.kill("SIGKILL");
      await expect.poll(() => place.isWorking, within).toBe(true);
      place.startPeer();
      const kept = renewals.ours;
      await expect.poll(() => renewals.ours, within).toBeGreaterThan(kept + 8);
      expect(place.isWorking).toBe(true);

      expect(await place.stopOurs()).toBe("stopped");
      await expect.poll(async () => (await endpoints.look(signal))?.holder, within).toBe("theirs");
      expect((await lease.look(signal))?.holder).toBe("");
      expect(both).toEqual([]);
    }, 180_000);
  });
}

/** A control plane of its own, and both programs on it. */
async function peerPlace(peer: string) {
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(await startControlPlane());
  const client = stack.use(new KubeClient(accessTo(plane), { userAgent: "contract", log }));
  await crdsInto(client);
  const cloudConfig = join(plane.folder, "azure.json");
  await writeFile(cloudConfig, JSON.stringify(azureJson));
  const [lease, endpoints] = [leaseLock(client, LOCK), endpointsLock(client, LOCK, "")];
  const stop = new AbortController();
  const shared = { identity: "ours", durationMs: DURATION_MS, log };
  let isWorking = false;
  let result: ReturnType<typeof lead> | undefined;
  const work = async (signal: AbortSignal) => {
    isWorking = true;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    isWorking = false;
  };
  const cleanUp = stack.move();
  return {
    lease,
    endpoints,
    get isWorking() {
      return isWorking;
    },
    startPeer(): ChildProcess {
      const flags = [
        `--kubeconfig=${plane.kubeconfig}`,
        `--cloudconfig=${cloudConfig}`,
        "--http-probe-port=0",
        "--prometheus-port=0",
        "--leader-election-instance=theirs",
        `--leader-election-duration=${DURATION_MS}ms`,
      ];
      const process = spawn(peer, flags, { env: { MIC_POD_NAMESPACE: "default" }, stdio: "ignore" });
      cleanUp.defer(async () => void process.kill("SIGKILL"));
      return process;
    },
    startOurs(): void {
      result = lead(
        [lease, endpoints].map((lock) => new LeaderLease({ ...shared, lock })),
        work,
        stop.signal,
      );
    },
    async stopOurs() {
      stop.abort();
      return await result;
    },
    /** Counts each one's renewals of the older lock, and when it was theirs while we worked. */
    observe(signal: AbortSignal) {
      const both: string[] = [];
      const renewals = { theirs: 0, ours: 0 };
      const watch = async () => {
        for await (const name of endpoints.watch(signal)) {
          if (name === "theirs" && isWorking) both.push(`after ${renewals.ours} renewals of ours`);
          if (name === "theirs" || name === "ours") renewals[name] += 1;
        }
      };
      watch().catch(() => {}); // the end of the test
      return { both, renewals };
    },
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
