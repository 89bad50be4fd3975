import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";

// A pod that asks the metadata service for tokens every EVERY_MS, half of that on a kept connection and half on new ones,
// and writes a line for each answer: `judge/answers.ts` reads them. ASKS is a map from names to queries, in turn.
const asks = Object.entries(JSON.parse(process.env.ASKS ?? "{}") as Readonly<Record<string, string>>);
const everyMs = Number(process.env.EVERY_MS);
const PATIENCE_MS = 8_000;
const keeping = new Agent({ keepAlive: true, maxSockets: 1 });

type Got = { readonly status: number; readonly appid: string; readonly imds: boolean; readonly error?: string };

function get(query: string, kept: boolean): Promise<Got> {
  const path = `/metadata/identity/oauth2/token?api-version=2018-02-01&${query}`;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const options = { path, headers: { Metadata: "true" }, agent: kept ? keeping : false, signal } as const;
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
  const kept = turn++ % 2 === 0;
  const at = Date.now();
  if (ask === undefined || query === undefined || (kept && isKeptBusy)) return;
  isKeptBusy ||= kept;
  const got = await get(query, kept);
  if (kept) isKeptBusy = false;
  process.stdout.write(`${JSON.stringify({ at, ms: Date.now() - at, ask, kept, ...got })}\n`);
}, everyMs);
process.once("SIGTERM", () => process.exit(0));
