import { StatusError } from "../status.ts";
import type { ApiRequest } from "./request.ts";
import type { Verb } from "./subresources.ts";

/** Which requests meet trouble; what is left out does not matter. */
export type Which = { readonly verb?: Verb; readonly resource?: string; readonly name?: string };

export type Failure = {
  readonly code: number;
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
};

/** What happens to one request: a delay, then a refusal or a closed connection, if any. */
export type Mishap = { readonly delayMs?: number; readonly failure?: Failure; readonly drops?: boolean };

type Planned = { readonly which: Which; readonly mishap: Mishap; left: number };

/** Trouble that a test has planned for the next requests; each mishap is met as often as planned, in order. */
export class Trouble {
  readonly #planned: Planned[] = [];

  plan(which: Which, mishap: Mishap, times: number): void {
    this.#planned.push({ which, mishap, left: times });
  }

  /** The mishap that the request meets; it counts as met. */
  meet(request: ApiRequest): Mishap | undefined {
    const index = this.#planned.findIndex(({ which }) => fits(which, request));
    const planned = this.#planned[index];
    if (planned === undefined) return undefined;
    planned.left -= 1;
    if (planned.left <= 0) this.#planned.splice(index, 1);
    return planned.mishap;
  }

  clear(): void {
    this.#planned.length = 0;
  }
}

function fits({ verb, resource, name }: Which, request: ApiRequest): boolean {
  const { target } = request;
  return (
    (verb === undefined || verb === request.verb) &&
    (resource === undefined || resource === target.resource.plural) &&
    (name === undefined || name === target.name)
  );
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** The refusal of a planned failure. */
export function refusal({ code, reason = reasons[code] ?? "", message, retryAfterSeconds }: Failure): StatusError {
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new StatusError(code, reason, message ?? `planned failure ${code}`, { details });
}
