/** The few DER encodings (X.690) that a certificate is made of: each function returns one encoded value. */

/** Tag, length, content; the length in as few bytes as it takes, or it is no DER. */
function value(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const digits = body.length > 0xff ? 4 : 2; // certificates stay below 64 KiB
  const size = Buffer.from(body.length.toString(16).padStart(digits, "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, body]);
}

export function sequence(...items: readonly Uint8Array[]): Buffer {
  return value(0x30, ...items);
}

export function set(...items: readonly Uint8Array[]): Buffer {
  return value(0x31, ...items);
}

/** A positive INTEGER from its big-endian bytes, whose first byte is 1 to 127. */
export function integer(bytes: Uint8Array): Buffer {
  return value(0x02, bytes);
}

export function boolean(truth: boolean): Buffer {
  return value(0x01, Buffer.from([truth ? 0xff : 0]));
}

export function octets(content: Uint8Array): Buffer {
  return value(0x04, content);
}

/** A BIT STRING whose last `unused` bits do not count. */
export function bits(content: Uint8Array, unused = 0): Buffer {
  return value(0x03, Buffer.from([unused]), content);
}

export function utf8(text: string): Buffer {
  return value(0x0c, Buffer.from(text, "utf8"));
}

/** A moment before 2050, to the second. */
export function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return value(0x17, Buffer.from(digits.slice(2), "latin1"));
}

/** An object identifier such as `2.5.29.17`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return value(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(number: number): number[] {
  const digits = [number & 0x7f];
  for (let left = number >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
  return digits;
}

/** A context-specific value: `[n]` around other values (constructed) or in place of a primitive one. */
export function tagged(n: number, content: Uint8Array, form: "constructed" | "primitive"): Buffer {
  return value((form === "constructed" ? 0xa0 : 0x80) | n, content);
}
