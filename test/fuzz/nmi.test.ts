import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callers } from "./callers.ts";
import { checkRequests } from "./check.ts";
import { defects } from "./defects.ts";
import { exchange } from "./exchange.ts";
import { readAnswers } from "./http-answers.ts";
import { wrongAnswers } from "./judge.ts";
import { lenientPath } from "./lenient-imds.ts";
import { FOUND, tellReport } from "./report.ts";
import { plainDocument, plainToken } from "./requests.ts";
import { startWorld, type World } from "./world.ts";

const root = join(import.meta.dirname, "../..");
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
const requests = Number(process.env.FUZZ_REQUESTS ?? 10_000);
/** What the heap may take beside: it is cleared of old objects only now and then. */
const MOST_GROWTH_MB = 48;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

it("NMI lets nothing past that it should keep, and answers everything as it should, whatever it is sent", async () => {
  process.stdout.write(`${requests} requests, seed ${seed}\n`);
  const report = await checkRequests(world, { seed, requests, shrinks: true });
  process.stdout.write(`${tellReport(report)}\n`);
  expect(tellReport(report)).not.toContain(FOUND);
  expect(report.requests).toBeGreaterThanOrEqual(requests);
  const [warm = 0] = report.residentMb;
  expect(Math.max(...report.residentMb) - warm).toBeLessThan(MOST_GROWTH_MB);
  expect(await world.problems()).toEqual([]);
});

it("one client that sends 20,000 requests without waiting is answered in order, and holds up no other", async () => {
  const [web, shop] = [callers[0], callers[1]];
  const socket = connect({ host: "127.0.0.1", port: world.ports.nmi, localAddress: web.address });
  const received = text(socket);
  const last = plainToken.bytes.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
  socket.write(plainToken.bytes.repeat(19_999) + last);
  let isDone = false;
  received.finally(() => {
    isDone = true;
  });
  const tookMs: number[] = [];
  while (!isDone) {
    const since = performance.now();
    const connection = {
      caller: callers.indexOf(shop),
      pieces: [plainToken, plainDocument(1)],
      cuts: [],
      isBroken: false,
    };
    expect(wrongAnswers(await exchange(connection, world.ports))).toEqual([]);
    tookMs.push(performance.now() - since);
  }
  const { answers, left } = readAnswers(await received, []);
  expect([answers.filter(({ status }) => status === 200).length, left]).toEqual([20_000, ""]);
  process.stdout.write(`others waited at most ${Math.round(Math.max(...tookMs))} ms, ${tookMs.length} times\n`);
  expect(Math.max(...tookMs)).toBeLessThan(1000);
});

it.each([
  ["/metadata/%69dentity", "/metadata/identity"],
  ["/metadata%252Finstance%5c..\\IDENTITY//x/.", "/metadata/identity/x"],
  ["http://x:1/metadata/%c1%a9dentity", "/metadata/identity"],
  ["/metadata/%e0%80%afident%u0069ty?a=b", "/metadata/identity"],
])("the test's metadata service reads %s as %s", (target, path) => {
  expect(lenientPath(target)).toBe(path);
});

it.for(defects)("knows where to put the defect: $name", ({ file, find }) => {
  expect(readFileSync(join(root, file), "utf8").split(find)).toHaveLength(2);
});
