import { Agent, request as send } from "node:http";
import { setTimeout } from "node:timers/promises";
import { answering } from "../test/support/netns/answering.ts";
import { monotonicMs } from "./monotonic.ts";
import { LOOK_EVERY_MS, type Outcome, type Question, type Request } from "./nmi-questions.ts";

// What asks, in a pod or on the node itself. Each request is a connection of its own, as that of a program that starts.

const TIMEOUT_MS = 120_000;
let heard: Promise<Outcome>[] = [];
let timer: NodeJS.Timeout | undefined;

function get({ url, from }: Request): Promise<Outcome> {
  const startMs = monotonicMs();
  return new Promise((resolve) => {
    const end = (status: number, body: string) => resolve({ status, body, startMs, endMs: monotonicMs() });
    const agent = new Agent({ maxSockets: 1 });
    const options = { agent, headers: { Metadata: "true" }, timeout: TIMEOUT_MS };
    const sent = send(url, from === undefined ? options : { ...options, localAddress: from }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.once("end", () => end(response.statusCode ?? 0, body));
      response.once("error", (reason: NodeJS.ErrnoException) => end(0, reason.code ?? reason.message));
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
    sent.once("error", (reason: NodeJS.ErrnoException) => end(0, reason.code ?? reason.message));
    sent.end();
  });
}

/** Asks until it is answered so. */
async function until({ until: wanted, status, body }: Extract<Question, { until: Request }>): Promise<Outcome> {
  while (true) {
    const outcome = await get(wanted);
    if (outcome.status === status && outcome.body.startsWith(body)) return outcome;
    await setTimeout(LOOK_EVERY_MS);
  }
}

answering(async (question: Question) => {
  if ("get" in question) return await get(question.get);
  if ("atOnce" in question) return await Promise.all(question.atOnce.map(get));
  if ("until" in question) return await until(question);
  if ("begin" in question) {
    heard = [];
    timer = setInterval(() => heard.push(get(question.begin)), question.everyMs);
    return {};
  }
  clearInterval(timer);
  return await Promise.all(heard);
});
