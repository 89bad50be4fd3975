import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { TokenCredential } from "@azure/identity";
import * as v from "valibot";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Env } from "../base/options.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { armFault, isVersionUnknown } from "./arm-fault.ts";
import type { Cloud } from "./clouds.ts";
import { azureProxyProblem, checkAzureProxy, withAzureProxyUrls } from "./proxy.ts";

export type IdentitiesOptions = {
  /** Asked at each call. */
  readonly access: () => { readonly cloud: Cloud; readonly credential: () => Promise<TokenCredential> };
  readonly userAgent: string;
  /** Where HTTPS_PROXY and its like are looked up. */
  readonly env?: Env;
  /** A certificate authority beside the system's, as PEM. */
  readonly ca?: string;
  readonly clock?: Clock;
};
type Answer = { readonly status: number; readonly body: string };

/** The first that is no preview: clouds that are behind know it, and it tells what is asked. */
const API_VERSION = "2018-11-30";
const LONGEST_READ_MS = 15_000;
const LARGEST_ANSWER_BYTES = 1 << 20;
/** A small part of the reads that Resource Manager allows, so that machines can be read beside. */
const READS = { capacity: 30, perMinute: 120 };

/** User-assigned identities themselves, wherever they are in Azure. MIC may read those that it may put on machines. */
export class Identities {
  readonly #options: IdentitiesOptions;
  readonly #clock: Clock;
  readonly #room: TokenBucket;
  readonly #agent: Agent;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#room = new TokenBucket(READS, this.#clock);
    const { env = {}, ca } = options;
    const isProxyGood = azureProxyProblem(env) === undefined; // if not, no call is made
    this.#agent = new Agent({
      ...(isProxyGood ? { proxyEnv: { ...withAzureProxyUrls(env) } } : {}),
      ...(ca === undefined ? {} : { ca }),
    });
  }

  /**
   * The client ID that an identity has now; empty when Azure does not say.
   * @throws Fault ARM_*; ARM_UNREACHABLE also for a proxy that no call can go through, ARM_FORBIDDEN when MIC may not read it, ARM_NOT_FOUND when there is none
   */
  async clientId(resourceId: string, signal: AbortSignal): Promise<string> {
    checkAzureProxy(this.#options.env ?? {});
    const waitMs = this.#room.take();
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    const { status, body } = await this.#get(resourceId, signal).catch((reason: unknown) => {
      signal.throwIfAborted();
      throw armFault(reason, resourceId);
    });
    const parsed = v.safeParse(identitySchema, body);
    if (status === 200) return parsed.success ? parsed.output.properties.clientId : "";
    throw refusal(resourceId, status, body);
  }

  async #get(resourceId: string, signal: AbortSignal): Promise<Answer> {
    const { cloud, credential } = this.#options.access();
    const stop = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_READ_MS)]);
    const got = await (await credential()).getToken(`${cloud.resourceManager}/.default`, { abortSignal: stop });
    const headers = { authorization: `Bearer ${got?.token}`, "user-agent": this.#options.userAgent };
    const url = new URL(`${resourceId}?api-version=${API_VERSION}`, cloud.resourceManager);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { agent: this.#agent, signal: stop, headers }, resolve).once("error", reject).end();
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LARGEST_ANSWER_BYTES) throw new Error("the answer is too large for an identity");
      chunks.push(chunk);
    }
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") };
  }
}

function refusal(resourceId: string, status: number, body: string): Fault {
  const parsed = v.safeParse(errorSchema, body);
  const said = parsed.success ? parsed.output.error.code : "";
  const isGone = status === 404 && !isVersionUnknown(said);
  const code = status === 403 ? "ARM_FORBIDDEN" : isGone ? "ARM_NOT_FOUND" : "ARM_ERROR";
  const why = `status ${status}${said === "" ? "" : ` (${said})`}`;
  return new Fault(code, `Azure does not show MIC the identity ${resourceId}: ${why}`);
}

const errorSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ error: v.object({ code: v.pipe(v.string(), v.regex(/^\w{1,64}$/)) }) }),
);
const identitySchema = v.pipe(v.string(), v.parseJson(), v.object({ properties: v.object({ clientId: v.string() }) }));
