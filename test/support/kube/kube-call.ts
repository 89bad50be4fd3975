export type Answer = { readonly code: number; readonly headers: Headers; readonly body: Body };
/** The parts of the API server's answers that tests look at. */
export type Body = {
  readonly [name: string]: unknown;
  readonly kind?: string;
  readonly metadata?: { readonly [name: string]: unknown; readonly resourceVersion?: string; readonly uid?: string };
  readonly items?: readonly Body[];
  readonly reason?: string;
  readonly message?: string;
};
export type Event = { readonly type: string; readonly object: Body };

const JSON_TYPE = "application/json";
export const MERGE_PATCH = "application/merge-patch+json";
export const JSON_PATCH = "application/json-patch+json";

/** One raw request to an API server, as `curl` would send it. */
export async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  { type = JSON_TYPE, token = "" }: { type?: string; token?: string } = {},
): Promise<Answer> {
  const headers = { "content-type": type, ...(token !== "" && { authorization: `Bearer ${token}` }) };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body: text }) });
  const answer = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith(JSON_TYPE) ?? false;
  return { code: response.status, headers: response.headers, body: isJson ? JSON.parse(answer) : { text: answer } };
}

/** The events of a raw watch, one after the other, until the server ends it or the loop is left. */
export async function* watchEvents(url: string, path: string, signal?: AbortSignal): AsyncGenerator<Event> {
  const response = await fetch(url + path, signal ? { signal } : {});
  if (!response.ok || response.body === null) throw new Error(`the watch answered ${response.status}`);
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}
