import { Fault } from "../../base/fault.ts";
import type { NmiPorts } from "../ports.ts";
import type { NmiRequest, NmiResponse } from "../server/message.ts";
import { errorAnswer } from "./error-answer.ts";
import { hostTokenRoute } from "./host-token-route.ts";
import { type MetadataPath, readMetadataPath } from "./metadata-path.ts";
import { metadataProxy } from "./metadata-proxy.ts";
import { tokenRoute } from "./token-route.ts";

/** Who answers what. Everything but tokens goes to the metadata service, or nowhere. */
const handlers: Readonly<Record<MetadataPath["area"], typeof tokenRoute>> = {
  token: tokenRoute,
  host: hostTokenRoute,
  identity: metadataProxy,
  instance: metadataProxy,
  document: metadataProxy,
};

/** Clients ask for the same again and again; what makes a path is its text alone. */
const MOST_KNOWN = 200;
const LONGEST_KNOWN = 512;
const known = new Map<string, MetadataPath>();

function pathOf(target: string): MetadataPath {
  const before = known.get(target);
  if (before !== undefined) return before;
  const path = readMetadataPath(target);
  if (known.size >= MOST_KNOWN) known.clear();
  if (target.length <= LONGEST_KNOWN) known.set(target, path);
  return path;
}

/** Answers one request, whatever it is, at once where it can; never rejects. */
export function route(request: NmiRequest, ports: NmiPorts): NmiResponse | Promise<NmiResponse> {
  let path: MetadataPath;
  try {
    path = pathOf(request.target);
  } catch (reason) {
    const fault = Fault.from(reason);
    ports.events.relayRefused(request, fault);
    return errorAnswer(fault, ports.settings);
  }
  return handlers[path.area](request, path, ports);
}
