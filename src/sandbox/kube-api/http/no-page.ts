import { StatusError } from "../status.ts";

/** Nothing of the API is at a path: said in plain text. */
export class NoPage extends StatusError {
  constructor() {
    super(404, "NotFound", "404 page not found");
  }
}
