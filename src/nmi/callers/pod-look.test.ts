import { describe, expect, it } from "vitest";
import { type Script, ScriptedApi } from "../../../test/support/kube/scripted-api.ts";
import { pod } from "../../../test/support/make.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { createLog } from "../../base/log.ts";
import { KubeClient } from "../../kube/client.ts";
import { listingAnew, podLook } from "./pod-look.ts";

function setUp(script: Script) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const clock = new FakeClock();
  const api = new ScriptedApi(script);
  const client = new KubeClient({ transport: api }, { userAgent: "test", log, clock });
  return { api, clock, lines, log, look: podLook({ client, log, clock }) };
}
const listOf = (...items: readonly object[]) => ({ status: 200, body: { metadata: { resourceVersion: "7" }, items } });
const raw = {
  metadata: { name: "a", namespace: "default", uid: "uid", deletionTimestamp: "2026-01-01T00:00:00Z" },
  spec: { nodeName: "node-0" },
  status: { phase: "Running", podIP: "10.244.0.2" },
};

describe("a look at a pod", () => {
  it("asks the API server for that one alone, by a list", async () => {
    const { api, look } = setUp(() => listOf(raw));
    expect(await look(pod("a"))).toMatchObject({ meta: { uid: "uid" }, addresses: ["10.244.0.2"] });
    const [asked = ""] = api.requests;
    expect(decodeURIComponent(asked)).toMatch(
      /^GET \/api\/v1\/namespaces\/default\/pods\?.*fieldSelector=metadata\.name=a/,
    );
  });

  it("finds nothing where the pod is gone", async () => {
    expect(await setUp(() => listOf()).look(pod("a"))).toBeUndefined();
  });

  it("fails when there is no answer within three seconds, and says so once", async () => {
    const { clock, lines, look } = setUp(() => new Promise(() => {}));
    for (let round = 0; round < 2; round += 1) {
      await expect(clock.passUntil(look(pod("a")), 1000)).rejects.toMatchObject({ code: "KUBE_UNREACHABLE" });
    }
    expect(clock.monotonic()).toBeLessThanOrEqual(2 * 5000); // it passes in steps, of which some come after the end
    expect(lines.filter((line) => line.includes("cannot ask the API server whether an address"))).toHaveLength(1);
  });
});

it("all is listed anew when the watch of pods is behind, but not more often than every ten seconds", () => {
  const { clock, log } = setUp(() => "gone");
  let lists = 0;
  const store = {
    catchUp: async () => {
      lists += 1;
    },
  };
  const signal = new AbortController().signal;
  const onBehind = listingAnew([store, undefined, store], { log, clock, signal });
  onBehind();
  onBehind();
  clock.advance(9_999);
  onBehind();
  expect(lists).toBe(2);
  clock.advance(1);
  onBehind();
  expect(lists).toBe(4);
});
