import type { Fault, FaultCode } from "../base/fault.ts";
import type { Fields, Log } from "../base/log.ts";

export type OutageOptions = {
  readonly log: Log;
  /** Constant messages: what fails, and that it is well again. */
  readonly failing: string;
  readonly well: string;
  readonly fields: Fields;
};

/** Says once that something fails, again when it fails for another reason, and once that it is well: not every attempt. */
export class Outage {
  readonly #options: OutageOptions;
  #code: FaultCode | undefined;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  failed(fault: Fault): void {
    if (fault.code === this.#code) return;
    this.#code = fault.code;
    const { log, failing, fields } = this.#options;
    // A refusal needs somebody to act; all else passes by itself.
    const write = fault.kind === "denied" || fault.kind === "bug" ? log.error : log.warn;
    write(failing, { ...fields, code: fault.code, error: fault.message });
  }

  well(): void {
    if (this.#code === undefined) return;
    this.#code = undefined;
    this.#options.log.info(this.#options.well, this.#options.fields);
  }
}
