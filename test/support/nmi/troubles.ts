import type { ServiceTrouble } from "../azure/token-service.ts";

/** What a pod gets whose token is not at hand. */
type Outcome = {
  readonly status: number;
  /** Absent where it gets a token. */
  readonly error?: string;
  readonly retryAfter?: string;
  /** Whether NMI asks again before it answers, for as long as its clients wait; else it answers at once. */
  readonly isTriedOn: boolean;
};
export type TroubleRow = {
  /** What IMDS or Entra ID does. */
  readonly it: string;
  readonly does: ServiceTrouble;
  readonly imds: Outcome;
  readonly entra: Outcome;
};

const unavailable = { status: 503, error: "temporarily_unavailable", retryAfter: "5", isTriedOn: true } as const;
const throttled = { status: 429, error: "too_many_requests", retryAfter: "5", isTriedOn: true } as const;
const denied = { status: 403, error: "access_denied", isTriedOn: false } as const;

const both = (outcome: Outcome) => ({ imds: outcome, entra: outcome });
const refusal = JSON.stringify({ error: "invalid_request", error_description: "the words of the service" });

/** Trouble at IMDS and at Entra ID, and what comes of it; docs/nmi.md has this table. */
export const troubles: readonly TroubleRow[] = [
  { it: "answers after 4 s", does: { status: 200, delayMs: 4000 }, ...both({ status: 200, isTriedOn: false }) },
  { it: "refuses connections", does: "refuses", ...both(unavailable) },
  { it: "does not answer", does: "hangs", ...both(unavailable) },
  { it: "breaks off in its answer", does: "breaks off", ...both(unavailable) },
  { it: "answers what is no JSON", does: { status: 200, body: "<html>" }, ...both(unavailable) },
  { it: "answers 500", does: { status: 500 }, ...both(unavailable) },
  {
    it: "answers 503 with `Retry-After: 7`",
    does: { status: 503, headers: { "Retry-After": "7" } },
    ...both({ ...unavailable, retryAfter: "7" }),
  },
  { it: "answers 410", does: { status: 410 }, ...both(unavailable) },
  { it: "answers 404", does: { status: 404 }, imds: unavailable, entra: denied },
  { it: "answers 429", does: { status: 429 }, ...both(throttled) },
  {
    it: "answers 429 with `Retry-After: 60`",
    does: { status: 429, headers: { "Retry-After": "60" } },
    ...both({ ...throttled, retryAfter: "20", isTriedOn: false }),
  },
  { it: "answers 400 `invalid_request`", does: { status: 400, body: refusal }, ...both(denied) },
];

/** The table as docs/nmi.md has it: what comes to the same stands in one line. */
export function troubleTable(): readonly string[] {
  const groups = Map.groupBy(troubles, ({ imds, entra }) => `${cell(imds)} | ${cell(entra)}`);
  const rows = [...groups].map(([cells, same]) => `| ${same.map(({ it }) => it).join("; ")} | ${cells} |`);
  return ["| the service | IMDS | Entra ID |", "| --- | --- | --- |", ...rows];
}

function cell({ status, retryAfter, isTriedOn }: Outcome): string {
  if (status === 200) return "a token, as soon";
  const header = retryAfter === undefined ? "" : `, \`Retry-After: ${retryAfter}\``;
  return `${status}${header}, ${isTriedOn ? "after about 25 s" : "at once"}`;
}
