const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?)|[eE]([+-]?\d+))$/;
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const NANOS = 1_000_000_000n;

/** An amount as the API server gives it back: whole, with the largest unit that leaves it so. `1024Mi` is `1Gi`, `0.5` is `500m`. */
export function canonicalQuantity(text: string): string {
  const [, sign = "", whole = "", part = "", suffix = "", exponent] = FORM.exec(text) ?? [];
  if (whole === "" && part === "") return text; // for validation to refuse
  const isBinary = suffix.endsWith("i");
  const power = exponent === undefined ? (DECIMAL.indexOf(suffix) - 3) * 3 : Number(exponent);
  const scale = isBinary ? 1024n ** BigInt(BINARY.indexOf(suffix)) : 1n;
  const nanos = scaled(BigInt(whole + part) * scale, 9 - part.length + (isBinary ? 0 : power));
  if (nanos === 0n) return "0";
  const minus = sign === "-" ? "-" : "";
  if (exponent !== undefined) return minus + inExponents(nanos);
  return (
    minus + (isBinary && nanos % NANOS === 0n ? inUnits(nanos / NANOS, 1024n, BINARY) : inUnits(nanos, 1000n, DECIMAL))
  );
}

/** What is smaller than a nano is rounded up. */
function scaled(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (value + divisor - 1n) / divisor;
}

function inUnits(value: bigint, step: bigint, units: readonly string[]): string {
  let [rest, at] = [value, 0];
  while (rest % step === 0n && at < units.length - 1) {
    rest /= step;
    at += 1;
  }
  return `${rest}${units[at]}`;
}

function inExponents(nanos: bigint): string {
  let [rest, power] = [nanos, -9];
  while (rest % 1000n === 0n) {
    rest /= 1000n;
    power += 3;
  }
  return power === 0 ? `${rest}` : `${rest}e${power}`;
}
