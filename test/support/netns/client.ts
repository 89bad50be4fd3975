import { Agent, request } from "node:http";
import { connect } from "node:net";
import { answering } from "./answering.ts";

// What runs in a pod: asks for tokens once, or again and again, and tells what it got.
type Question =
  | { readonly get: string; readonly isKept?: boolean }
  | { readonly connectTo: { readonly host: string; readonly port: number } }
  | { readonly begin: { readonly everyMs: number } }
  | { readonly count: "and go on" | "and end" };
/** What was asked in one stretch of the asking, and what came of it so far, by answer. */
type Stretch = { readonly tally: Map<string, number>; readonly underWay: Set<Promise<void>> };

const TOKEN =
  "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
const TIMEOUT_MS = 10_000;
/**
 * Of each sort. More wait here: else a machine that was busy for seconds would leave more of them open than NMI takes of a
 * pod, or than the kernel lets wait for it, and so many that those answered were given up already.
 */
const MOST_CONNECTIONS = 8;
const kept = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
const anew = new Agent({ keepAlive: false, maxSockets: MOST_CONNECTIONS });
let stretch = newStretch();
let timer: NodeJS.Timeout | undefined;

/** One request; an answer that holds the metadata service's own mark begins with RAW. */
function get(url: string, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, { agent, headers: { Metadata: "true" }, timeout: TIMEOUT_MS }, async (response) => {
      response.setEncoding("utf8");
      let body = "";
      response.on("data", (text: string) => {
        body += text;
      });
      response.on("close", () => {
        const isRaw = response.headers["x-asker"] !== undefined || body.includes('"asker"');
        const said = /"access_token":"([^"]*)"/.exec(body)?.[1] ?? body;
        resolve(`${isRaw ? "RAW " : ""}${response.statusCode} ${said}`);
      });
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
    sent.once("error", (reason: NodeJS.ErrnoException) => resolve(reason.code ?? reason.message));
    sent.end();
  });
}

function newStretch(): Stretch {
  return { tally: new Map(), underWay: new Set() };
}

/** Asks at that pace on average, however busy the machine is: every other time on a connection that is kept. */
function beginAsking(everyMs: number): void {
  stretch = newStretch();
  const since = performance.now();
  let asked = 0;
  timer = setInterval(() => {
    for (const due = (performance.now() - since) / everyMs; asked < due; asked += 1) {
      const { underWay } = stretch;
      const one = note(asked % 2 === 1, stretch);
      underWay.add(one);
      void one.then(() => underWay.delete(one));
    }
  }, everyMs);
}

async function note(isKept: boolean, { tally }: Stretch): Promise<void> {
  const outcome = await get(TOKEN, isKept ? kept : anew);
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
}

answering(async (question: Question) => {
  if ("get" in question)
    return await get(question.get === "token" ? TOKEN : question.get, question.isKept === true && kept);
  if ("connectTo" in question) {
    // Nobody waits for it: what becomes of the packets is seen elsewhere.
    connect(question.connectTo).once("error", () => {});
    return {};
  }
  if ("begin" in question) {
    beginAsking(question.begin.everyMs);
    return {};
  }
  if (question.count === "and end") clearInterval(timer);
  const { tally, underWay } = stretch;
  stretch = newStretch();
  await Promise.all(underWay);
  return Object.fromEntries(tally);
});
