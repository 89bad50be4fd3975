import { expect, it, onTestFinished } from "vitest";
import { type Script, ScriptedApi } from "../../test/support/kube/scripted-api.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "../kube/client.ts";
import { nmiStores } from "./stores.ts";

const never = new AbortController().signal;
const MINUTE_MS = 60_000;
const well: Script = ({ path }) =>
  path.includes("watch=true") ? "watch" : { status: 200, body: { metadata: { resourceVersion: "7" }, items: [] } };

/** All that needs no time to pass is done: a watch is open a moment before its store has heard, and hurries the others. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** NMI's stores, once all of them watch. */
async function watching() {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const api = new ScriptedApi(well);
  const log = createLog({ write: () => {} });
  const clock = new FakeClock();
  const client = new KubeClient({ transport: api }, { userAgent: "test", log });
  const options = { client, node: "node-0", isScaled: true, isManaged: false, log, onContact: () => {}, clock };
  const stores = Object.values(nmiStores(options)).filter((store) => store !== undefined);
  for (const store of stores) void store.run(stop.signal);
  await Promise.all(stores.map((store) => store.ready(never)));
  await eventually(() => api.watches).toBe(stores.length);
  return { api, clock, count: stores.length };
}

it("after an outage NMI hears of every kind as soon as it hears of one", async () => {
  const { api, clock, count } = await watching();
  api.script = () => "gone";
  api.end("broken off");
  for (const end = 10 * MINUTE_MS; clock.monotonic() < end; clock.advance(1000)) await clock.asleep(count);
  await clock.asleep(count);
  api.script = well;
  while (clock.sleepers === count) clock.advance(10);
  await eventually(() => api.watches).toBe(count); // no more time passes
});

it("one kind that is not heard of is not asked for at each event of another", async () => {
  const { api, clock, count } = await watching();
  api.script = (request) => (request.path.includes("/pods?") ? "gone" : well(request));
  api.end("broken off");
  await settled();
  while (api.watches < count - 1) {
    clock.advance(100);
    await settled();
  }
  const before = api.requests.length;
  for (const resourceVersion of ["8", "9"]) {
    api.send("BOOKMARK", { metadata: { resourceVersion } });
    await settled();
  }
  expect(api.requests.length).toBe(before);
});
