import type { NmiRequest, NmiResponse } from "./message.ts";
import type { MetadataPath } from "./metadata-path.ts";
import type { NmiPorts } from "./ports.ts";

const requestHeaders = ["metadata", "user-agent", "accept", "content-type"] as const;
const responseHeaders = ["content-type", "retry-after", "date"] as const;

/** Passes a request on to the real metadata service: to that address only, with the headers that it knows. */
export async function relay(
  { method, headers, body, connection, signal }: NmiRequest,
  { area, target }: MetadataPath,
  { metadata }: Pick<NmiPorts, "metadata">,
): Promise<NmiResponse> {
  const onward = {
    method,
    target,
    headers: only(requestHeaders, headers),
    body: body.length === 0 ? undefined : body,
  };
  const isCounted = area === "token" || area === "identity";
  const answer = isCounted
    ? await metadata.sendInTurn(onward, connection.remoteAddress, signal)
    : await metadata.send(onward, signal);
  return { status: answer.status, headers: only(responseHeaders, answer.headers), body: answer.body };
}

function only(names: readonly string[], headers: NmiRequest["headers"]): Record<string, string> {
  const kept = names.flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  return Object.fromEntries(kept);
}
