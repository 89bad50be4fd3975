import { describe, expect, it } from "vitest";
import { ScriptedApi } from "../../test/support/kube/scripted-api.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "./client.ts";
import { endpointsLock } from "./endpoints-lock.ts";
import { leaseLock } from "./lease.ts";

const ref = { namespace: "ns", name: "lock" };
const metadata = { ...ref, uid: "1", resourceVersion: "1" };
const never = new AbortController().signal;

const formats = {
  Lease: {
    made: (client: KubeClient) => leaseLock(client, ref),
    object: (leaseDurationSeconds: unknown, leaseTransitions: unknown) => ({
      metadata,
      spec: { holderIdentity: "another", leaseDurationSeconds, leaseTransitions },
    }),
  },
  Endpoints: {
    made: (client: KubeClient) => endpointsLock(client, ref, "or do without"),
    object: (leaseDurationSeconds: unknown, leaderTransitions: unknown) => {
      const record = JSON.stringify({ holderIdentity: "another", leaseDurationSeconds, leaderTransitions });
      return { metadata: { ...metadata, annotations: { "control-plane.alpha.kubernetes.io/leader": record } } };
    },
  },
};

describe.each(["Lease", "Endpoints"] as const)("what a lock in a %s promises", (kind) => {
  it.each([
    { seconds: 15, ms: 15_000 },
    { seconds: 1e9, ms: 600_000 },
    { seconds: -15, ms: 0 },
    { seconds: "soon", ms: 0 },
    { seconds: {}, ms: 0 },
    { seconds: undefined, ms: 0 },
  ])("is $ms ms when it says $seconds, so that nobody is locked out for ever", async ({ seconds, ms }) => {
    const { made, object } = formats[kind];
    const api = new ScriptedApi(() => ({ status: 200, body: object(seconds, 3) }));
    const client = new KubeClient({ transport: api }, { userAgent: "test", log: createLog({ write: () => {} }) });
    expect(await made(client).look(never)).toMatchObject({ holder: "another", durationMs: ms, transitions: 3 });
  });

  it.each([2 ** 31 - 1, -1, 0.5, "many"])(
    "leaves %s transitions behind, which could not be written again",
    async (n) => {
      const { made, object } = formats[kind];
      const api = new ScriptedApi(() => ({ status: 200, body: object(15, n) }));
      const client = new KubeClient({ transport: api }, { userAgent: "test", log: createLog({ write: () => {} }) });
      expect(await made(client).look(never)).toMatchObject({ transitions: 0 });
    },
  );
});
