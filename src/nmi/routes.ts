import { Fault } from "../base/fault.ts";
import { errorAnswer } from "./error-answer.ts";
import { hostTokenRoute } from "./host-token-route.ts";
import type { NmiRequest, NmiResponse } from "./message.ts";
import { type MetadataPath, readMetadataPath } from "./metadata-path.ts";
import { metadataProxy } from "./metadata-proxy.ts";
import type { NmiPorts } from "./ports.ts";
import { tokenRoute } from "./token-route.ts";

/** Who answers what. Everything but tokens goes to the metadata service, or nowhere. */
const handlers: Readonly<Record<MetadataPath["area"], typeof tokenRoute>> = {
  token: tokenRoute,
  host: hostTokenRoute,
  identity: metadataProxy,
  instance: metadataProxy,
  document: metadataProxy,
};

/** Answers one request, whatever it is; never rejects. */
export async function route(request: NmiRequest, ports: NmiPorts): Promise<NmiResponse> {
  let path: MetadataPath;
  try {
    path = readMetadataPath(request.target);
  } catch (reason) {
    const fault = Fault.from(reason);
    ports.events.relayRefused(request, fault);
    return errorAnswer(fault, ports.settings);
  }
  return await handlers[path.area](request, path, ports);
}
