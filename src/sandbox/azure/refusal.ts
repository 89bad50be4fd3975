/** An error answer of one of the emulated services; each service writes it in its own form. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  /** The service's name for the error, such as `ResourceNotFound`, `invalid_request` or `7000215`. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
