import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import { answering } from "../test/support/netns/answering.ts";
import { accessTokenOf, IMDS_MS, type ImdsTally, TOKEN_LIFE_SECONDS } from "./imds-stand-in.ts";
import { monotonicMs } from "./monotonic.ts";

// An instance metadata service that takes its time and counts what it is asked: node nmi-imds.ts <address>

const SECOND_MS = 1000;
/** More than that are not compared with each other. */
const MOST_COMPARED = 2_000;
let beganAt: number[] = [];
let underWay = 0;
let mostAtOnce = 0;

const server = createServer(async (request, response) => {
  beganAt.push(monotonicMs());
  underWay += 1;
  mostAtOnce = Math.max(mostAtOnce, underWay);
  await setTimeout(IMDS_MS);
  underWay -= 1;
  const { searchParams } = new URL(request.url ?? "", "http://imds");
  const clientId = searchParams.get("client_id") ?? "machine";
  const now = Math.floor(Date.now() / 1000);
  const token = {
    access_token: accessTokenOf(clientId),
    client_id: clientId,
    expires_in: String(TOKEN_LIFE_SECONDS),
    expires_on: String(now + TOKEN_LIFE_SECONDS),
    ext_expires_in: "86399",
    not_before: String(now),
    resource: searchParams.get("resource"),
    token_type: "Bearer",
  };
  response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" }).end(JSON.stringify(token));
});
await new Promise<void>((resolve) => server.listen(80, process.argv[2], resolve));

/** The most calls that began within any second. */
function mostASecond(): number {
  const within = (from: number) => beganAt.filter((at) => at >= from && at < from + SECOND_MS).length;
  return Math.max(0, ...beganAt.map(within));
}

/** Tells what there was since it was asked last. */
answering((): ImdsTally => {
  const isComparable = beganAt.length <= MOST_COMPARED;
  const tally = { calls: beganAt.length, mostAtOnce, mostASecond: isComparable ? mostASecond() : Number.NaN };
  beganAt = [];
  mostAtOnce = 0;
  return tally;
});
