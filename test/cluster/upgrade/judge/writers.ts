/** What a MIC changed: `by` is its pod, times are in milliseconds since 1970. */
export type Change = { readonly by: string; readonly what: string; readonly from: number; readonly to: number };
/** While a pod holds the lock that releases before 2.0 and this one take alike: until it lets go, or its time is over. */
export type Term = { readonly holder: string; readonly from: number; readonly to: number };

type Line = {
  readonly verb: string;
  readonly user: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  readonly sourceIPs?: readonly string[];
  readonly objectRef?: { readonly resource?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly requestObject?: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
};
/** A call that `arm-log.ts` saw. */
export type ArmCall = {
  readonly from: number;
  readonly to: number;
  readonly caller: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
};
type Leader = { readonly holderIdentity: string; readonly leaseDurationSeconds: number; readonly renewTime: string };

const LEADER = "control-plane.alpha.kubernetes.io/leader";
const POD = "authentication.kubernetes.io/pod-name";
/** The accounts of the chart and of the manifests. */
const MIC = /-mic(-service-account)?$/;
const WRITES = ["create", "update", "patch", "delete", "deletecollection"];

/** What MICs wrote of records and machines. @param calls the calls of Resource Manager, whose callers are known by address */
export function changesOf(audit: string, calls: string): readonly Change[] {
  const lines = micLines(audit);
  const pods = new Map(lines.map((line) => [line.sourceIPs?.[0], podOf(line)]));
  const records = lines
    .filter(({ verb, objectRef }) => WRITES.includes(verb) && objectRef?.resource === "azureassignedidentities")
    .map((line) => ({ by: podOf(line), what: `${line.verb} ${line.objectRef?.name ?? ""}`.trim(), ...timeOf(line) }));
  const machines = parsed<ArmCall>(calls)
    .filter(({ method }) => method !== "GET")
    .map(({ from, to, caller, method, path }) => {
      const by = pods.get(caller);
      if (by === undefined) throw new Error(`${method} ${path} came from ${caller}, which is no MIC's address`);
      return { by, what: `${method} ${path}`, from, to };
    });
  return [...records, ...machines].toSorted((a, b) => a.from - b.from);
}

/** The terms of all leaders, in order: a renewal makes one longer. */
export function termsOf(audit: string): readonly Term[] {
  const terms: Term[] = [];
  for (const { holder, at, until } of claims(audit)) {
    const last = terms.at(-1);
    if (last !== undefined) terms[terms.length - 1] = { ...last, to: Math.min(last.to, at) };
    if (holder === "") continue;
    const goesOn = last?.holder === holder && last.to >= at;
    if (goesOn) terms[terms.length - 1] = { ...last, to: until };
    else terms.push({ holder, from: at, to: until });
  }
  return terms;
}

/** Pairs of changes of two MICs at one time. */
export function overlaps(changes: readonly Change[]): readonly (readonly [Change, Change])[] {
  return changes.flatMap((one, at) =>
    changes
      .slice(at + 1)
      .filter((other) => other.by !== one.by && other.from < one.to && one.from < other.to)
      .map((other) => [one, other] as const),
  );
}

/** Changes that began while their MIC did not lead. */
export function changesOutsideOfTerms(changes: readonly Change[], terms: readonly Term[]): readonly Change[] {
  return changes.filter(
    ({ by, from }) => !terms.some(({ holder, ...term }) => holder === by && from >= term.from && from <= term.to),
  );
}

function claims(audit: string) {
  const locks = micLines(audit).filter(
    ({ verb, objectRef, responseStatus }) =>
      WRITES.includes(verb) && objectRef?.resource === "endpoints" && (responseStatus?.code ?? 500) < 300,
  );
  const all = locks.map((line) => {
    const leader = JSON.parse(line.requestObject?.metadata?.annotations?.[LEADER] ?? "{}") as Partial<Leader>;
    const { holderIdentity: holder = "", leaseDurationSeconds = 0, renewTime = "" } = leader;
    return { holder, at: timeOf(line).from, until: Date.parse(renewTime) + leaseDurationSeconds * 1000 };
  });
  return all.toSorted((a, b) => a.at - b.at);
}

function micLines(audit: string): readonly Line[] {
  return parsed<Line>(audit).filter(({ user }) => MIC.test(user.username));
}

function parsed<T>(text: string): readonly T[] {
  return text.split("\n").flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as T] : []));
}

function podOf({ user }: Line): string {
  return user.extra?.[POD]?.[0] ?? user.username;
}

function timeOf({ requestReceivedTimestamp, stageTimestamp }: Line) {
  return { from: Date.parse(requestReceivedTimestamp), to: Date.parse(stageTimestamp) };
}
