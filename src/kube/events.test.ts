import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { kinds } from "../api/kinds.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "./client.ts";
import { type EventNote, EventRecorder } from "./events.ts";

const signal = new AbortController().signal;

function note(
  name: string,
  { kind = kinds.pod, type = "Normal" as EventNote["type"], namespace = "ns" } = {},
): EventNote {
  const meta = { namespace, name, uid: name, resourceVersion: "1" };
  return { about: { kind, meta }, type, reason: "Seen", message: "it was seen" };
}

/** A recorder before a server that answers with one status after the other, the last one for ever. */
async function recorderOf(...statuses: readonly number[]) {
  const lines: string[] = [];
  const names: string[] = [];
  /** The names of the objects that events were about. */
  const about: string[] = [];
  const objects: object[] = [];
  const server = createServer(async (request, response) => {
    names.push(`${request.method} ${request.url}`);
    const { involvedObject } = (await json(request)) as { involvedObject: { name: string } };
    about.push(involvedObject.name);
    objects.push(involvedObject);
    response.writeHead(statuses[Math.min(names.length, statuses.length) - 1] ?? 200).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const access = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: async () => ({}),
  };
  const log = createLog({ write: (line) => lines.push(line) });
  const client = new KubeClient(access, { userAgent: "test", log });
  const clock = new FakeClock();
  const recorder = new EventRecorder({ client, component: "test", log, clock });
  const end = async () => {
    await recorder[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
  };
  return { recorder, clock, lines, names, about, objects, [Symbol.asyncDispose]: end };
}

it("an event names the kind of its object as the API server does, or nobody would find it there", async () => {
  await using world = await recorderOf(201);
  world.recorder.record(note("demo", { kind: kinds.binding }));
  world.recorder.record(note("mic", { kind: kinds.lease }));
  await world.recorder.flush(signal);
  const meta = { namespace: "ns", resourceVersion: "1" };
  expect(world.objects).toEqual([
    { apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzureIdentityBinding", ...meta, name: "demo", uid: "demo" },
    { apiVersion: "coordination.k8s.io/v1", kind: "Lease", ...meta, name: "mic", uid: "mic" },
  ]);
});

it("an event that is refused is left out and said once, and the next ones go on", async () => {
  await using world = await recorderOf(403, 403, 201);
  for (const name of ["a", "b", "c", "d"]) world.recorder.record(note(name));
  await world.recorder.flush(signal);
  expect(world.names).toHaveLength(4);
  expect(world.lines.filter((line) => line.includes("cannot be written"))).toHaveLength(1);
  expect(world.lines.filter((line) => line.includes("written again"))).toHaveLength(1);
});

it("an event is tried again while the API server is in trouble, and given up at last", async () => {
  await using world = await recorderOf(500);
  world.recorder.record(note("a"));
  for (let attempt = 1; attempt < 4; attempt += 1) {
    await world.clock.asleep();
    world.clock.advance(8_000);
  }
  await world.recorder.flush(signal);
  expect(world.names).toHaveLength(4);
  expect(world.lines).toHaveLength(1);
});

it("a full queue drops what comes, and says so once", async () => {
  await using world = await recorderOf(500);
  for (let i = 0; i < 1_500; i += 1) world.recorder.record(note(String(i)));
  expect(world.lines.filter((line) => line.includes("1000 events wait"))).toHaveLength(1);
});

it("warnings go before what waits, then events of pods, each kind in its order", async () => {
  await using world = await recorderOf(201);
  const binding = { kind: kinds.binding };
  world.recorder.record(note("first", binding)); // on its way at once
  for (const name of ["binding-1", "binding-2"]) world.recorder.record(note(name, binding));
  for (const name of ["pod-1", "pod-2"]) world.recorder.record(note(name));
  world.recorder.record(note("warning-1", { ...binding, type: "Warning" }));
  world.recorder.record(note("warning-2", { type: "Warning" }));
  await world.recorder.flush(signal);
  const then = ["warning-1", "warning-2", "pod-1", "pod-2", "binding-1", "binding-2"];
  expect(world.about).toEqual(["first", ...then]);
});

it("a full queue that one namespace fills is open for others, whose events matter less", async () => {
  await using world = await recorderOf(201);
  for (let i = 0; i < 1_500; i += 1) {
    world.recorder.record(note(`flood-${i}`, { namespace: "flood", type: "Warning" }));
    if (i % 150 === 0) world.recorder.record(note(`other-${i}`, { namespace: `ns-${i}`, kind: kinds.binding }));
  }
  await world.clock.passUntil(world.recorder.flush(signal), 1_000);
  const others = world.about.filter((name) => name.startsWith("other-"));
  expect([others.length, world.about.length]).toEqual([10, 1_001]);
});

it("a full queue lets a warning in, and drops the last of what matters least", async () => {
  await using world = await recorderOf(201);
  world.recorder.record(note("first"));
  world.recorder.record(note("binding-1", { kind: kinds.binding }));
  world.recorder.record(note("binding-2", { kind: kinds.binding }));
  for (let i = 0; i < 998; i += 1) world.recorder.record(note(String(i)));
  world.recorder.record(note("warning", { type: "Warning" }));
  await world.recorder.flush(signal);
  expect(world.about).toHaveLength(1_001);
  expect([world.about[1], world.about.at(-1)]).toEqual(["warning", "binding-1"]);
});

it("waiting for events ends with the signal, and closing gives them up", async () => {
  await using world = await recorderOf(500);
  world.recorder.record(note("a"));
  await world.clock.asleep();
  await world.recorder.flush(AbortSignal.abort());
  await world.recorder[Symbol.asyncDispose]();
  expect(world.names).toHaveLength(1);
  expect(world.lines).toEqual([]);
});
