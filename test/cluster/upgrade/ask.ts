import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";

// A pod that asks the metadata service for tokens every EVERY_MS, half of that on a kept connection and half on new ones,
// and writes a line for each answer: `judge/answers.ts` reads them. ASKS is a map from names to queries, in turn.
const asks = Object.entries(JSON.parse(process.env.ASKS ?? "{}") as Readonly<Record<string, string>>);
const everyMs = Number(process.env.EVERY_MS);
const PATIENCE_MS = 8_000;
/** How long a connection is kept, as pools do: one that was made past the rules of 1.x goes past them for good. */
const KEPT_MS = 60_000;
const kept = { agent: newAgent(), since: Date.now() };

type Got = { readonly status: number; readonly appid: string; readonly imds: boolean; readonly error?: string };

function newAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/** That of the kept connection, or of a new one when that is old; nobody uses it meanwhile. */
function keptAgent(): Agent {
  if (Date.now() - kept.since < KEPT_MS) return kept.agent;
  kept.agent.destroy();
  Object.assign(kept, { agent: newAgent(), since: Date.now() });
  return kept.agent;
}

function get(query: string, isKept: boolean): Promise<Got> {
  const path = `/metadata/identity/oauth2/token?api-version=2018-02-01&${query}`;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const options = { path, headers: { Metadata: "true" }, agent: isKept ? keptAgent() : false, signal } as const;
  return new Promise((resolve) => {
    const fail = (reason: Error & { readonly code?: string }) =>
      resolve({
        status: 0,
        appid: "",
        imds: false,
        error: signal.aborted ? "no answer" : (reason.code ?? reason.name),
      });
    const call = request({ host: "169.254.169.254", ...options }, (response) => {
      const imds = String(response.headers.server).startsWith("IMDS");
      const take = (body: string) => resolve({ status: response.statusCode ?? 0, appid: appOf(body), imds });
      text(response).then(take).catch(fail);
    });
    call.once("error", fail).end();
  });
}

/** The client ID in the token of an answer; empty where there is no token. */
function appOf(body: string): string {
  try {
    const { access_token: token } = JSON.parse(body) as { readonly access_token?: string };
    const claims = Buffer.from(token?.split(".")[1] ?? "", "base64url").toString();
    return (JSON.parse(claims) as { readonly appid?: string }).appid ?? "";
  } catch {
    return "";
  }
}

let turn = 0;
let isKeptBusy = false; // requests that wait for their turn in the client would count as the server's delay
setInterval(async () => {
  const [ask, query] = asks[Math.floor(turn / 2) % asks.length] ?? [];
  const isKept = turn++ % 2 === 0;
  const at = Date.now();
  if (ask === undefined || query === undefined || (isKept && isKeptBusy)) return;
  isKeptBusy ||= isKept;
  const got = await get(query, isKept);
  if (isKept) isKeptBusy = false;
  process.stdout.write(`${JSON.stringify({ at, ms: Date.now() - at, ask, kept: isKept, ...got })}\n`);
}, everyMs);
process.once("SIGTERM", () => process.exit(0));
