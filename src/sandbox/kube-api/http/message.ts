import type { Json, JsonObject } from "../json.ts";

/** What a request carries, and in which form. */
export type Body = {
  readonly type: string;
  readonly json: Json | undefined;
  /** The paths of names that came twice. */
  readonly twice?: readonly string[];
};

export type Answer = {
  readonly code: number;
  readonly body: JsonObject;
  readonly warnings?: readonly string[];
};
