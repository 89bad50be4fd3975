/** What a value may be: for Helm, and for people. */
export type Allowed = {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** What the value as text has to match, or each item of a list: for templates, whose refusals say what is allowed. */
  readonly form?: string;
  /** The names that a map may have, where others are mistakes. */
  readonly names?: Readonly<Record<string, Allowed>>;
};
/** A value's name with dots, what it is when not given, what it may be, and what it does. */
export type ValueRow = readonly [name: string, fallback: unknown, allowed: Allowed, help: string];

// A number or a switch may also be written as a string, as `--set-string` and quoted values give it; an empty string
// stands for the default.

const TIME = "[0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h)";
const PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]";

export const text: Allowed = { schema: { type: "string" }, text: "text" };
/** A text that nothing can stand in for. */
export const word: Allowed = { schema: { type: "string" }, text: "text without spaces", form: "^\\S+$" };
export const name: Allowed = {
  schema: { type: "string" },
  text: "name of small letters, digits and `-`",
  form: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$",
};
export const path: Allowed = { schema: { type: "string" }, text: "path from /", form: "^/" };
export const optionalPath: Allowed = { ...path, form: "^(/.*)?$" };
export const yesNo: Allowed = { schema: { enum: [true, false, "true", "false", ""] }, text: "true or false" };
export const whole: Allowed = {
  schema: { type: ["integer", "string"], minimum: 0 },
  text: "whole number",
  form: "^[0-9]*$",
};
export const count: Allowed = { ...whole, form: "^[0-9]+$" };
export const port: Allowed = {
  schema: { type: ["integer", "string"] },
  text: "port, 1 to 65535",
  form: `^(${PORT})?$`,
};
export const number: Allowed = {
  schema: { type: ["number", "string"], minimum: 0 },
  text: "number",
  form: "^([0-9]+(\\.[0-9]+)?)?$",
};
export const duration: Allowed = {
  schema: { type: "string" },
  text: "duration, such as 30s or 5m",
  form: `^(0|(${TIME})+)?$`,
};
export const apiVersion: Allowed = {
  schema: { type: "string" },
  text: "api-version, such as 2024-07-01",
  form: "^([0-9]{4}-[0-9]{2}-[0-9]{2}(-[a-z]+)?)?$",
};
export const list: Allowed = { schema: { type: "array" }, text: "list" };
/** Also as one text, with commas. */
export const words: Allowed = { schema: { type: ["array", "string"] }, text: "list, or text with commas" };
export const addresses: Allowed = { ...list, text: "list of https:// URLs", form: "^https://" };
export const users: Allowed = { ...list, text: "list of numbers of users", form: "^[0-9]{1,10}$" };
export const scopes: Allowed = {
  ...list,
  text: "list of /subscriptions/ID or /subscriptions/ID/resourceGroups/NAME",
  form: "(?i)^/?subscriptions/[^/\\s]+(/resourceGroups/[^/\\s]+)?/?$",
};
export const map: Allowed = { schema: { type: "object" }, text: "map" };
/** How many pods, or how many of a hundred; none is fine. */
export const share: Allowed = { schema: {}, text: "whole number or percentage", form: "^([0-9]+%?)?$" };

export function mapOf(names: Readonly<Record<string, Allowed>>): Allowed {
  return { ...map, names };
}

export function choice(...words: readonly string[]): Allowed {
  const given = words.filter((one) => one !== "");
  return { schema: { enum: words }, text: given.join(" or "), form: `^(${words.join("|")})$` };
}
