import { badRequest } from "../status.ts";

/** Whether a query's value says yes. */
export function isTrue(text: string | null): boolean {
  return text === "true" || text === "1";
}

/** A whole number of a query; 0 when it is not there. @throws StatusError */
export function wholeNumber(query: URLSearchParams, name: string): number {
  const text = query.get(name) || "0";
  if (/^\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A resourceVersion as a number. @throws StatusError */
export function readRevision(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const why = `strconv.ParseUint: parsing "${text}": invalid syntax`;
  throw badRequest(`invalid resource version: resourceVersion: Invalid value: "${text}": ${why}`);
}
