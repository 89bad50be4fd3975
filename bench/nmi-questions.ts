/** How often `until` looks. Each look takes processor time from the start that it times; the time found is late by up to this. */
export const LOOK_EVERY_MS = 20;

/** What is asked for, and from which address of the client where it has several. */
export type Request = { readonly url: string; readonly from?: string };
/** An answer, or status 0 and why there was none. Times are those of `monotonicMs`. */
export type Outcome = {
  readonly status: number;
  readonly body: string;
  readonly startMs: number;
  readonly endMs: number;
};
/** What a client can be told to do; `begin` and `end` are answered by what there was meanwhile. */
export type Question =
  | { readonly get: Request }
  | { readonly atOnce: readonly Request[] }
  | { readonly until: Request; readonly status: number; readonly body: string }
  | { readonly begin: Request; readonly everyMs: number }
  | { readonly end: true };
