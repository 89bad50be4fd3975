/** One answer, as `ask.ts` writes it: a line of JSON. */
export type Answer = {
  /** When it was asked, in milliseconds since 1970, and how long the answer took. */
  readonly at: number;
  readonly ms: number;
  /** Which of the pod's requests it was. */
  readonly ask: string;
  /** On a connection that is kept, or a new one. */
  readonly kept: boolean;
  /** 0 where no answer came: `error` says why. */
  readonly status: number;
  /** The client ID in the token; empty where there is none. */
  readonly appid: string;
  /** Whether IMDS itself answered: nothing stood between it and the pod. */
  readonly imds: boolean;
  readonly error?: string;
};
/** In milliseconds since 1970: from the first, and before the last. */
export type Stretch = { readonly from: number; readonly to: number };
/** What a pod got. Each answer is a token of its own, one of another identity, or lost; `direct` counts those of IMDS among all. */
export type Verdict = {
  readonly asked: number;
  readonly tokens: number;
  /** Tokens of other identities: by NMI, and by IMDS itself, which does not know the pods of a machine. */
  readonly wrong: number;
  readonly wrongDirect: number;
  readonly direct: number;
  /** How often, by status or error. */
  readonly lost: Readonly<Record<string, number>>;
  /** From a token of its own to the next one, at the most. */
  readonly longestWithoutMs: number;
  /** From one request to the next, at the most: pods that do not ask prove nothing. */
  readonly longestSilenceMs: number;
};

/** Reads a pod's log. What is no answer is left out: a line that is half written, or what Node says. */
export function readAnswers(log: string): readonly Answer[] {
  return log.split("\n").flatMap((line) => {
    try {
      return line.startsWith('{"at":') ? [JSON.parse(line) as Answer] : [];
    } catch {
      return [];
    }
  });
}

/** @param expected the client ID that each of the pod's requests is for */
export function judge(
  all: readonly Answer[],
  expected: Readonly<Record<string, string>>,
  { from, to }: Stretch = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
): Verdict {
  const answers = all.filter(({ at }) => at >= from && at < to).toSorted((a, b) => a.at - b.at);
  const unheard = answers.find(({ ask }) => expected[ask] === undefined);
  if (unheard !== undefined) throw new Error(`nobody expects an answer to ${unheard.ask}`);
  const isToken = ({ status, appid }: Answer) => status === 200 && appid !== "";
  const isOwn = (one: Answer) => isToken(one) && one.appid === expected[one.ask];
  const tokens = answers.filter(isOwn);
  const others = answers.filter((one) => isToken(one) && !isOwn(one));
  const lost = Object.groupBy(answers, (one) => (isToken(one) ? "" : reasonOf(one)));
  const ways = Object.values(Object.groupBy(answers, ({ kept }) => String(kept)));
  return {
    asked: answers.length,
    tokens: tokens.length,
    wrong: others.filter(({ imds }) => !imds).length,
    wrongDirect: others.filter(({ imds }) => imds).length,
    direct: answers.filter(({ imds }) => imds).length,
    lost: Object.fromEntries(Object.entries(lost).flatMap(([why, some = []]) => (why ? [[why, some.length]] : []))),
    longestWithoutMs: Math.max(0, ...ways.map((way = []) => longestWithout(way, isOwn))),
    longestSilenceMs: longestPause([from, ...answers.map(({ at }) => at), to]),
  };
}

function reasonOf({ status, error, imds, kept }: Answer): string {
  if (status !== 0) return `${status}${imds ? " of IMDS" : ""}`;
  return `${error ?? "no answer"}${kept ? " when kept" : ""}`;
}

/** Counted from the first answer to the last, if those are not of the kind. */
function longestWithout(answers: readonly Answer[], isOwn: (one: Answer) => boolean): number {
  const ends = [answers[0], answers.at(-1)].flatMap((one) => one?.at ?? []);
  const pause = longestPause([...ends, ...answers.filter(isOwn).map(({ at }) => at)].toSorted((a, b) => a - b));
  return answers.every(isOwn) ? 0 : pause;
}

function longestPause(moments: readonly number[]): number {
  const finite = moments.filter(Number.isFinite);
  return Math.max(0, ...finite.slice(1).map((at, before) => at - (finite[before] ?? at)));
}
