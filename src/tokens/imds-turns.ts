import type { Governor } from "./governor.ts";
import { type HttpAnswer, retryAfterMs } from "./http-answer.ts";
import type { ImdsRequest } from "./imds-client.ts";
import { PATIENCE_MS } from "./patience.ts";

export type ImdsTurnsOptions = {
  readonly client: { send(request: ImdsRequest, signal: AbortSignal): Promise<HttpAnswer> };
  readonly governor: Governor;
};

/** A call whose turn has come. An answer 429 makes all others wait, whoever asked. */
export async function sendGoverned(
  request: ImdsRequest,
  { client, governor }: ImdsTurnsOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = await client.send(request, signal);
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
  const turn = { of, patienceMs: PATIENCE_MS };
  return options.governor.run(() => sendGoverned(request, options, signal), turn, signal);
}
