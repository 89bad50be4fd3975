import type { Token } from "../api/token-answer.ts";
import { Fault } from "../base/fault.ts";
import { imdsFault, readTokenAnswer } from "./imds-answer.ts";
import { ImdsClient } from "./imds-client.ts";

/** Long enough for NMI to wait for an identity that is being assigned. */
const TIMEOUT_MS = 80_000;
const INSTANCE = "/metadata/instance?api-version=2017-08-01";
const TOKEN = "/metadata/identity/oauth2/token";
const headers = { Metadata: "true" };

type Named = { readonly clientId?: string; readonly resourceId?: string };

/** The instance metadata service as a pod sees it: behind NMI. */
export class Metadata {
  readonly instanceUrl: string;
  readonly tokenUrl: string;
  readonly #client: ImdsClient;

  /** @throws Fault FLAG_INVALID */
  constructor(url: string) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed?.protocol !== "http:") {
      throw new Fault("FLAG_INVALID", `--metadata-url: "${url}" is not an address such as http://169.254.169.254`);
    }
    this.instanceUrl = `${parsed.origin}${INSTANCE}`;
    this.tokenUrl = `${parsed.origin}${TOKEN}`;
    const address = { host: parsed.hostname, port: Number(parsed.port || 80) };
    this.#client = new ImdsClient(address, TIMEOUT_MS);
  }

  /** What the service says of the machine, whatever the status. */
  async instance(signal: AbortSignal): Promise<string> {
    const { body } = await this.#client.send({ method: "GET", target: INSTANCE, headers }, signal);
    return body.toString("utf8");
  }

  /** A token, of the identity that is named or, where neither ID is, of whichever the pod has. @throws Fault IMDS_* */
  async token(resource: string, { clientId = "", resourceId = "" }: Named, signal: AbortSignal): Promise<Token> {
    const query = new URLSearchParams({ "api-version": "2018-02-01", resource });
    if (clientId !== "") query.set("client_id", clientId);
    if (resourceId !== "") query.set("msi_res_id", resourceId);
    const answer = await this.#client.send({ method: "GET", target: `${TOKEN}?${query}`, headers }, signal);
    if (answer.status !== 200) throw imdsFault(answer, false);
    return readTokenAnswer(answer.body, { resource, clientId, nowMs: Date.now() });
  }
}
