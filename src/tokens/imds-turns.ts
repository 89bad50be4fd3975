import { type Clock, realClock } from "../base/clock.ts";
import type { Governor } from "./governor.ts";
import { type HttpAnswer, retryAfterMs } from "./http-answer.ts";
import type { ImdsRequest } from "./imds-client.ts";
import { PATIENCE_MS, tryLimitMs } from "./patience.ts";

export type ImdsTurnsOptions = {
  readonly client: { send(request: ImdsRequest, signal: AbortSignal, limitMs?: number): Promise<HttpAnswer> };
  readonly governor: Governor;
  readonly clock?: Clock;
};

/**
 * A call whose turn has come. An answer 429 makes all others wait, whoever asked.
 * @param deadline on the monotonic clock: until then the caller waits for an answer
 */
export async function sendGoverned(
  request: ImdsRequest,
  deadline: number,
  { client, governor, clock = realClock }: ImdsTurnsOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = await client.send(request, signal, tryLimitMs(deadline, clock));
  if (answer.status === 429) governor.pause(retryAfterMs(answer.headers));
  return answer;
}

/** A call for somebody else that counts as one of NMI's own. @throws Fault of the client, or of the governor */
export function sendInTurn(
  request: ImdsRequest,
  of: string,
  options: ImdsTurnsOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { governor, clock = realClock } = options;
  const deadline = clock.monotonic() + PATIENCE_MS;
  const turn = { of, patienceMs: PATIENCE_MS };
  return governor.run(() => sendGoverned(request, deadline, options, signal), turn, signal);
}
