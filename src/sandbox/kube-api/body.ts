import type { IncomingMessage } from "node:http";
import type { Body } from "./answer.ts";
import { PROTOBUF, readProtobuf } from "./protobuf.ts";
import { badRequest, StatusError } from "./status.ts";

/** As large as the real server takes. */
const LARGEST_BYTES = 3 * 1024 * 1024;

const TYPES: ReadonlySet<string> = new Set([
  "application/json",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
]);

/** Reads the JSON that a request carries, or what `kubectl` sends in its place. @throws StatusError 400, 413 or 415 */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST_BYTES) {
      throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${LARGEST_BYTES}`);
    }
  }
  const type = (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? "";
  const bytes = Buffer.concat(chunks);
  if (bytes.length === 0) return { type, json: undefined };
  if (type === PROTOBUF) return readPacked(bytes);
  const text = bytes.toString();
  if (!TYPES.has(type) && request.method !== "PATCH") throw unknownFormat();
  try {
    // Server-side apply sends YAML; it is refused by its type, whatever it holds.
    return { type, json: TYPES.has(type) ? JSON.parse(text) : null };
  } catch (reason) {
    throw badRequest(
      `the object provided is unrecognized: json parse error: ${reason instanceof Error ? reason.message : reason}`,
    );
  }
}

function readPacked(bytes: Buffer): Body {
  try {
    return { type: "application/json", json: readProtobuf(bytes) };
  } catch (reason) {
    throw badRequest(`the object provided is unrecognized: ${reason instanceof Error ? reason.message : reason}`);
  }
}

function unknownFormat(): StatusError {
  const message = "the body of the request was in an unknown format - accepted media types include: application/json";
  return new StatusError(415, "UnsupportedMediaType", message);
}
