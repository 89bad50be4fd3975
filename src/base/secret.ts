import { inspect } from "node:util";

const REDACTED = "[redacted]";

/** A value that must never reach a log, an error or an event: printing it in any way gives `[redacted]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself; call it only where it leaves for the service that it is meant for. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/**
 * A client ID as logs show it: the first and last four characters around `##### REDACTED #####`, as the original
 * printed it. Shorter values come back unchanged.
 */
export function redactClientId(id: string): string {
  return id.length < 8 ? id : `${id.slice(0, 4)}##### REDACTED #####${id.slice(-4)}`;
}
