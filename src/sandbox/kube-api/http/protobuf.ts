import { isObject, type Json, type JsonObject } from "../json.ts";
import { fieldsOf, type KubeField, typeOfKind } from "../types/kube-types.ts";

export const PROTOBUF = "application/vnd.kubernetes.protobuf";

/** What every message in Kubernetes' envelope begins with. */
const MAGIC = Buffer.from("k8s\0");

/** One field as it came: a whole number, or bytes. */
type Wire = { readonly number: number; readonly value: bigint | Buffer };

/**
 * An object of a built-in type out of the envelope in which `kubectl` sends what it makes itself, as JSON has it.
 * @throws Error when it is none
 */
export function readProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw new Error("the body does not begin with the magic of Kubernetes");
  const envelope = readWire(body.subarray(MAGIC.length));
  const head = readWire(bytesAt(envelope, 1));
  const apiVersion = bytesAt(head, 1).toString();
  const kind = bytesAt(head, 2).toString();
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  // Options of a request go by the version of what they are about.
  const type = kind === "DeleteOptions" ? "meta.DeleteOptions" : typeOfKind(group, kind);
  if (fieldsOf(type) === undefined) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { kind, apiVersion, ...readMessage(bytesAt(envelope, 2), type) };
}

function bytesAt(wire: readonly Wire[], number: number): Buffer {
  const found = wire.find((field) => field.number === number)?.value;
  return Buffer.isBuffer(found) ? found : Buffer.alloc(0);
}

function readMessage(bytes: Buffer, type: string): JsonObject {
  const fields = new Map((fieldsOf(type) ?? []).map((field) => [field.number, field]));
  const found: Record<string, Json | undefined> = {};
  for (const { number, value } of readWire(bytes)) {
    const field = fields.get(number);
    if (field !== undefined) put(found, field, value);
  }
  return found;
}

function put(found: Record<string, Json | undefined>, field: KubeField, value: Wire["value"]): void {
  const { name, type, isInline } = field;
  const before = found[name];
  if (isInline) Object.assign(found, readMessage(value as Buffer, type));
  else if (type.startsWith("[]"))
    found[name] = [...(Array.isArray(before) ? before : []), readValue(type.slice(2), value)];
  else if (type.startsWith("{}"))
    found[name] = { ...(isObject(before) ? before : {}), ...readEntry(type.slice(2), value) };
  else {
    const read = readValue(type, value);
    if (field.isPointer || field.isAlways || !isZero(read)) found[name] = read;
  }
}

/** The zero of a type, which the wire carries also where nothing was written. */
function isZero(value: Json): boolean {
  return value === null || value === "" || value === 0 || value === false;
}

function readEntry(type: string, value: Wire["value"]): JsonObject {
  const entry = readWire(value as Buffer);
  const item = entry.find(({ number }) => number === 2)?.value ?? Buffer.alloc(0);
  return { [bytesAt(entry, 1).toString()]: readValue(type, item) };
}

function readValue(type: string, value: Wire["value"]): Json {
  if (typeof value === "bigint") return type === "bool" ? value !== 0n : Number(BigInt.asIntN(64, value));
  const special = specials[type];
  if (special !== undefined) return special(value);
  if (type.startsWith("wrapped[]")) return readWire(value).map((item) => readValue(type.slice(9), item.value));
  return readMessage(value, type);
}

const specials: Readonly<Record<string, (bytes: Buffer) => Json>> = {
  string: (bytes) => bytes.toString(),
  bytes: (bytes) => bytes.toString("base64"),
  quantity: (bytes) => bytesAt(readWire(bytes), 1).toString(),
  any: (bytes) => JSON.parse(bytesAt(readWire(bytes), 1).toString() || "null"),
  time: (bytes) => readTime(bytes, 0),
  "micro-time": (bytes) => readTime(bytes, 6),
  "int-or-string": (bytes) => {
    const wire = readWire(bytes);
    const [kind = 0n, whole = 0n] = [1, 2].map((number) => wire.find((field) => field.number === number)?.value);
    return kind === 0n ? Number(BigInt.asIntN(32, whole as bigint)) : bytesAt(wire, 3).toString();
  },
};

/** Null for the time that no time is. */
function readTime(bytes: Buffer, digits: number): Json {
  const [seconds, nanos = 0n] = [1, 2].map((number) => readWire(bytes).find((field) => field.number === number)?.value);
  if (typeof seconds !== "bigint") return null;
  const text = new Date(Number(BigInt.asIntN(64, seconds)) * 1000).toISOString().slice(0, 19);
  const part = String(nanos).padStart(9, "0").slice(0, digits);
  return `${text}${part && `.${part}`}Z`;
}

function readWire(bytes: Buffer): readonly Wire[] {
  const fields: Wire[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = Number(varint());
    fields.push({ number: tag >>> 3, value: wireValue(tag & 7) });
  }
  return fields;

  function wireValue(type: number): Wire["value"] {
    if (type === 0) return varint();
    if (type === 1) return take(8);
    if (type === 2) return take(Number(varint()));
    if (type === 5) return take(4);
    throw new Error(`proto: wire type ${type} is unknown`);
  }
  function take(length: number): Buffer {
    at += length;
    if (at > bytes.length) throw new Error("unexpected EOF");
    return bytes.subarray(at - length, at);
  }
  function varint(): bigint {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = take(1)[0] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
}
