import { Fault } from "../base/fault.ts";
import { errorAnswer } from "./error-answer.ts";
import type { NmiRequest, NmiResponse } from "./message.ts";
import { type MetadataPath, readMetadataPath } from "./metadata-path.ts";
import { metadataProxy } from "./metadata-proxy.ts";
import type { NmiPorts } from "./ports.ts";
import { tokenRoute } from "./token-route.ts";

/** Answers one request of a pod, whatever it is; never rejects. */
export async function route(request: NmiRequest, ports: NmiPorts): Promise<NmiResponse> {
  let path: MetadataPath;
  try {
    path = readMetadataPath(request.target);
  } catch (reason) {
    const fault = Fault.from(reason);
    ports.events.relayRefused(request, fault);
    return errorAnswer(fault, ports.settings);
  }
  return path.area === "token" ? await tokenRoute(request, path, ports) : await metadataProxy(request, path, ports);
}
