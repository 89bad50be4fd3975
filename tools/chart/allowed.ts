/** What a value may be: for Helm, and for people. */
export type Allowed = { readonly schema: Readonly<Record<string, unknown>>; readonly text: string };
/** A value's name with dots, what it is when not given, what it may be, and what it does. */
export type ValueRow = readonly [name: string, fallback: unknown, allowed: Allowed, help: string];

// A number or a switch may also be written as a string, as `--set-string` and quoted values give it; an empty string
// stands for the default.

const TIME = "[0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h)";

export const text: Allowed = { schema: { type: "string" }, text: "text" };
export const yesNo: Allowed = { schema: { enum: [true, false, "true", "false", ""] }, text: "true or false" };
export const whole: Allowed = {
  schema: { type: ["integer", "string"], minimum: 0, pattern: "^[0-9]*$" },
  text: "whole number",
};
export const count: Allowed = {
  schema: { type: ["integer", "string"], minimum: 0, pattern: "^[0-9]+$" },
  text: "whole number",
};
export const number: Allowed = {
  schema: { type: ["number", "string"], minimum: 0, pattern: "^([0-9]+(\\.[0-9]+)?)?$" },
  text: "number",
};
export const duration: Allowed = {
  schema: { type: "string", pattern: `^(0|(${TIME})+)?$` },
  text: "duration, such as 30s or 1h",
};
export const list: Allowed = { schema: { type: "array" }, text: "list" };
export const addresses: Allowed = {
  schema: { type: "array", items: { type: "string", pattern: "^https://" } },
  text: "list of https:// URLs",
};
export const map: Allowed = { schema: { type: "object" }, text: "map" };

export function choice(...words: readonly string[]): Allowed {
  return { schema: { enum: words }, text: words.filter((word) => word !== "").join(" or ") };
}
