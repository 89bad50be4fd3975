import { Fault } from "../../base/fault.ts";
import type { NmiPorts } from "../ports.ts";
import type { NmiRequest, NmiResponse } from "../server/message.ts";
import { errorAnswer } from "./error-answer.ts";
import type { MetadataPath } from "./metadata-path.ts";
import { relay, relayUnlessTrouble } from "./relay.ts";
import { checkRequest, isRead } from "./request-rules.ts";

/** Everything but tokens: instance metadata and the like, which every pod may read and only excepted pods may change. */
export async function metadataProxy(request: NmiRequest, path: MetadataPath, ports: NmiPorts): Promise<NmiResponse> {
  try {
    if (path.area === "instance" && ports.settings.blockInstanceMetadata) {
      throw new Fault("METADATA_BLOCKED", "Request blocked by AAD Pod Identity NMI");
    }
    checkRequest(request, ports.settings);
    if (path.area !== "identity" && isRead(request.method)) {
      await checkOfNode(request, ports);
      return await relayUnlessTrouble(request, path, ports);
    }
    await checkExcepted(request, path, ports);
    return await relay(request, path, ports);
  } catch (reason) {
    const fault = Fault.from(reason);
    ports.events.relayRefused(request, fault);
    return errorAnswer(fault, ports.settings);
  }
}

/** Where only this node reaches NMI nobody else asks: the rules send pods' requests there, and the host its own. */
async function checkOfNode({ connection, signal }: NmiRequest, { callers, settings }: NmiPorts): Promise<void> {
  if (!settings.isOnNetwork || callers.isOwn(connection.remoteAddress)) return;
  await callers.of(connection, signal);
}

async function checkExcepted(request: NmiRequest, path: MetadataPath, ports: NmiPorts): Promise<void> {
  const pod = await ports.callers.of(request.connection, request.signal);
  const pass = ports.exceptions.passOf(pod);
  if (pass !== undefined) return ports.events.exceptionUsed(request, { pod, pass }, path);
  if (path.area === "identity") throw new Fault("PATH_UNKNOWN", "NMI serves no such path");
  throw new Fault("METHOD_UNSUPPORTED", `method ${request.method} is not supported`);
}
