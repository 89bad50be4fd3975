/**
 * How many iterations all passwords of one file may take together: up to a second of processor time, in which the
 * program does nothing else, and the number is for whoever wrote the file to choose. OpenSSL and Windows write 2,000, Java
 * writes up to 50,000 for keys and 100,000 for the whole.
 */
export const MOST_ITERATIONS = 200_000;

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const INTEGER = 0x02;
/** Of a tag without its class and whether it is made of parts, as BER allows. */
const NUMBER = 0x1f;
const DEEPEST = 10;

/**
 * The iterations that it takes to unlock a DER structure (PKCS#8): in the parameters of all derivations of keys the
 * number stands behind the salt. Infinite for what is no DER.
 */
export function iterationsOf(der: Uint8Array, depth = 0): number {
  let sum = 0;
  let last = 0;
  for (let at = 0; at < der.length; ) {
    const tag = der[at] ?? 0;
    const part = contentAt(der, at);
    if (part === undefined || depth > DEEPEST) return Number.POSITIVE_INFINITY;
    if (tag === INTEGER && (last & NUMBER) === OCTET_STRING)
      sum += Number(`0x${Buffer.from(part.content).toString("hex") || 0}`);
    if (tag === SEQUENCE) sum += iterationsOf(part.content, depth + 1);
    [last, at] = [tag, part.end];
  }
  return sum;
}

function contentAt(der: Uint8Array, at: number): { readonly content: Uint8Array; readonly end: number } | undefined {
  const first = der[at + 1] ?? 0xff;
  const size = first < 0x80 ? 0 : first - 0x80; // bytes of the length; none for BER without a length
  if (first === 0x80 || size > 4) return undefined;
  const begin = at + 2 + size;
  const length = size === 0 ? first : der.subarray(at + 2, begin).reduce((sum, byte) => sum * 256 + byte, 0);
  return begin + length > der.length
    ? undefined
    : { content: der.subarray(begin, begin + length), end: begin + length };
}
