import { imdsFault } from "../../tokens/imds-answer.ts";
import type { MetadataResponse, NmiPorts } from "../ports.ts";
import type { NmiRequest, NmiResponse } from "../server/message.ts";
import type { MetadataPath } from "./metadata-path.ts";

const requestHeaders = ["metadata", "user-agent", "accept", "content-type"] as const;
const responseHeaders = ["content-type", "retry-after", "date"] as const;

type Ports = Pick<NmiPorts, "metadata" | "relays">;

/** Passes a request on to the real metadata service and its answer back, whatever it is. */
export async function relay(request: NmiRequest, path: MetadataPath, ports: Ports): Promise<NmiResponse> {
  return answerOf(request, await send(request, path, ports));
}

/**
 * As `relay`, but what IMDS answers in trouble becomes NMI's own answer, with the status and the Retry-After that
 * clients are promised. @throws Fault IMDS_ERROR, IMDS_THROTTLED or LIMIT_REACHED
 */
export async function relayUnlessTrouble(request: NmiRequest, path: MetadataPath, ports: Ports): Promise<NmiResponse> {
  const answer = await send(request, path, ports);
  const { status } = answer;
  if (status >= 500 || status === 429 || (status >= 300 && status < 400)) throw imdsFault(answer, false);
  return answerOf(request, answer);
}

/** To the metadata service only, with the headers that it knows. */
async function send(
  { method, headers, body, connection, signal }: NmiRequest,
  { area, target }: MetadataPath,
  { metadata, relays }: Ports,
): Promise<MetadataResponse> {
  const onward = {
    method,
    target,
    headers: only(requestHeaders, headers),
    body: body.length === 0 ? undefined : body,
  };
  const isCounted = area === "token" || area === "identity";
  const { remoteAddress } = connection;
  return isCounted
    ? await metadata.sendInTurn(onward, remoteAddress, signal)
    : await relays.run(remoteAddress, () => metadata.send(onward, signal), signal);
}

function answerOf({ method }: NmiRequest, { status, headers, body }: MetadataResponse): NmiResponse {
  // What a HEAD tells is the length that a GET would have; everything else is as long as its body.
  const names = method === "HEAD" ? [...responseHeaders, "content-length"] : responseHeaders;
  return { status, headers: only(names, headers), body };
}

function only(names: readonly string[], headers: NmiRequest["headers"]): Record<string, string> {
  const kept = names.flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  return Object.fromEntries(kept);
}
