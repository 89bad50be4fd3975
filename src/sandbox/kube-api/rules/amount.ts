const SUFFIXES: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** How much a quantity such as `500m` or `1Gi` is; NaN for a text that is none. */
export function amountOf(quantity: unknown): number {
  const [, number = "", suffix = "", exponent = "0"] =
    /^([+-]?[0-9.]+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([-+]?\d+))?$/.exec(String(quantity)) ?? [];
  return number === "" ? Number.NaN : Number(number) * (SUFFIXES[suffix] ?? Number.NaN) * 10 ** Number(exponent);
}
