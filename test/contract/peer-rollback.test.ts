import { type ChildProcess, spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { type MicKubernetes, micKubernetes } from "../support/mic/kubernetes.ts";

/** The binary of release 1.8, where there is one to try. */
const peer = process.env.PEER_MIC;
const within = { timeout: 60_000, interval: 100 };
const lock = "--leader-election-duration=4s";

describe.skipIf(peer === undefined)("after a rollback to the release before and a new upgrade", () => {
  it.each([
    { pod: "has gone", then: [], on: [[], []] },
    { pod: "still runs", then: ["web-0-default-one Assigned"], on: [[], ["one"]] },
  ])(
    "nothing stays behind of a pod that came to another node meanwhile and $pod",
    async ({ then, on }) => {
      await using at = await micKubernetes();
      const machines = [await at.vm("vma"), await at.vm("vmb")];
      await at.identity("one");
      await at.pod("web-0", { node: "vma", selector: "one" });
      const nodes = async () => (await at.records()).map(({ nodeName, state }) => `${nodeName} ${state}`);

      const first = await at.start("first", [lock]);
      await expect.poll(nodes, within).toEqual(["vma Assigned"]);
      await first.stop();
      // It finds the pod on the other node already, so it rewrites the record.
      await at.remove(kinds.pod, "web-0");
      await at.pod("web-0", { node: "vmb", selector: "one" });
      await using original = startPeer(at, peer ?? "");
      await expect.poll(nodes, within).toEqual(["vmb Assigned"]);
      original.kill("SIGKILL");
      const former = (await at.records()).map(({ meta }) => meta.annotations["aadpodidentity.k8s.io/machine"]);
      expect(former).toEqual([machines[0]?.toLowerCase()]);
      if (then.length === 0) await at.remove(kinds.pod, "web-0");

      const seen = new Set<string>();
      const again = await at.start("again", [lock]);
      await expect.poll(() => again.text, within).toContain("sync thread started");
      await expect
        .poll(async () => {
          for (const state of await at.states()) seen.add(state);
          const records = (await at.records()).map(({ meta, state, machine }) => [`${meta.name} ${state}`, machine]);
          return [records, machines.map((one) => at.world.identitiesOn(one).map((id) => id.split("/").at(-1)))];
        }, within)
        .toEqual([then.map((state) => [state, machines[1]?.toLowerCase()]), on]);
      if (then.length > 0) expect([...seen]).toEqual(then);
      await again.stop();
    },
    240_000,
  );
});

function startPeer({ plane, azure }: MicKubernetes, program: string) {
  const flags = [
    `--kubeconfig=${plane.kubeconfig}`,
    `--cloudconfig=${azure.azureJson}`,
    "--http-probe-port=0",
    "--prometheus-port=0",
    "--leader-election-instance=original",
    "--identity-assignment-reconcile-interval=3s",
    lock,
  ];
  const env = { MIC_POD_NAMESPACE: "default", SSL_CERT_FILE: azure.env.NODE_EXTRA_CA_CERTS, ...azure.env };
  const started: ChildProcess = spawn(program, flags, { env, stdio: "ignore" });
  const kill = (signal: NodeJS.Signals) => started.kill(signal);
  return { kill, [Symbol.asyncDispose]: async () => void kill("SIGKILL") };
}
