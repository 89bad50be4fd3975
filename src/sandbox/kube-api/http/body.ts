import type { IncomingMessage } from "node:http";
import { isObject } from "../json.ts";
import { badRequest, StatusError } from "../status.ts";
import { scanJson } from "./json-scan.ts";
import type { Body } from "./message.ts";
import { PROTOBUF, readProtobuf } from "./protobuf.ts";

/** As large as the real server takes. */
const LARGEST_BYTES = 3 * 1024 * 1024;

const TYPES: ReadonlySet<string> = new Set([
  "application/json",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
]);

const YAML = "application/yaml";

/**
 * Reads the JSON or YAML that a request carries, or what `kubectl` sends in its place; `kind` is what it should hold.
 * @throws StatusError 400, 413 or 415
 */
export async function readBody(request: IncomingMessage, kind: string): Promise<Body> {
  const bytes = await bytesOf(request);
  const type = (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? "";
  if (bytes.length === 0) return { type, json: undefined };
  if (type === PROTOBUF) return readPacked(bytes);
  // Server-side apply sends YAML; it is refused by its type, whatever it holds.
  if (request.method === "PATCH" && !TYPES.has(type)) return { type, json: null };
  if (type === YAML) return readYaml(bytes, kind);
  if (!TYPES.has(type)) throw unknownFormat();
  return readJson(bytes, type, kind, request.method === "PATCH");
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST_BYTES) {
      throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${LARGEST_BYTES}`);
    }
  }
  return Buffer.concat(chunks);
}

function readJson(bytes: Buffer, type: string, kind: string, isPatch: boolean): Body {
  const text = bytes.toString();
  try {
    const twice = scanJson(text);
    const json = JSON.parse(text);
    if (!isPatch && !isObject(json)) throw new Error(noObject(json));
    return { type, json, twice };
  } catch (reason) {
    const why = messageOf(reason);
    throw isPatch ? badRequest(`error decoding patch: ${why}`) : unrecognized(kind, why, bytes);
  }
}

async function readYaml(bytes: Buffer, kind: string): Promise<Body> {
  const { parse } = await import("yaml");
  try {
    const json = parse(bytes.toString());
    if (!isObject(json)) throw new Error(noObject(json));
    return { type: "application/json", json };
  } catch (reason) {
    throw unrecognized(kind, messageOf(reason), bytes);
  }
}

const TYPE_META =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function noObject(json: unknown): string {
  const kind = Array.isArray(json) ? "array" : typeof json === "boolean" ? "bool" : typeof json;
  return `json: cannot unmarshal ${kind} into Go value of type ${TYPE_META}`;
}

function unrecognized(kind: string, why: string, bytes: Buffer): StatusError {
  const what = `the object provided is unrecognized (must be of type ${kind})`;
  return badRequest(`${what}: couldn't get version/kind; json parse error: ${why} (${summary(bytes)})`);
}

/** The beginning of a body, in hexadecimal when it is no object. */
function summary(bytes: Buffer): string {
  const first = bytes.subarray(0, SUMMARY_BYTES);
  const shown = bytes[0] === OPENING_BRACE ? first.toString() : first.toString("hex");
  return bytes.length > SUMMARY_BYTES ? `${shown} ...` : shown;
}
const SUMMARY_BYTES = 30;
const OPENING_BRACE = 0x7b;

function readPacked(bytes: Buffer): Body {
  try {
    return { type: "application/json", json: readProtobuf(bytes) };
  } catch (reason) {
    throw badRequest(`the object provided is unrecognized: ${messageOf(reason)}`);
  }
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

function unknownFormat(): StatusError {
  const accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  return new StatusError(415, "UnsupportedMediaType", message);
}
