import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { type KubectlCommand, shellLine } from "../kubectl/line.ts";
import { objectsOf } from "../kubectl/objects.ts";
import type { Sent, Walk } from "./walk.ts";

/** What comes of a command is cut here, in lines: a document in one line is no news to anybody. */
const LONGEST_LINE = 400;

/** How long one command may take, also where the steps' own limit is shorter: what they wait for comes after it. */
const COMMAND_MS = 60_000;

type Options = Omit<KubectlCommand, "args">;

/**
 * Types a command after `kubectl`, shows what it says, and gives it back. Words are split at spaces, or given one by one.
 * @throws Fault STEP_FAILED with its last words when it fails
 */
export async function kubectl(walk: Walk, words: string | readonly string[], options: Options = {}): Promise<string> {
  const command = { args: typeof words === "string" ? words.split(" ") : words, ...options };
  const line = shellLine(command);
  walk.screen.typed(line);
  const { ok, output } = await inTime(walk, line, (signal) => walk.kubectl.run(command, signal));
  if (output !== "") show(walk, output);
  if (ok) return output;
  throw new Fault("STEP_FAILED", `"${firstLine(line)}" failed: ${output.trimEnd().split("\n").at(-1)}`);
}

async function inTime<T>(walk: Walk, line: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limitMs = Math.max(walk.timeoutMs, COMMAND_MS);
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await work(AbortSignal.any([walk.signal, limit]));
  } catch (reason) {
    walk.signal.throwIfAborted();
    if (!limit.aborted) throw reason;
    const why = `"${firstLine(line)}" did not end within ${limitMs / 1000} s`;
    throw new Fault("STEP_FAILED", why, { cause: reason });
  }
}

function firstLine(line: string): string {
  return line.split("\n")[0] ?? "";
}

/** Output as it stands, but for lines without end. */
export function show(walk: Walk, output: string): void {
  const lines = output.trimEnd().split("\n");
  walk.screen.output(
    lines.map((one) => (one.length > LONGEST_LINE ? `${one.slice(0, LONGEST_LINE)}…` : one)).join("\n"),
  );
}

/** `kubectl apply -f -` with a text. */
export async function applyYaml(walk: Walk, yaml: string): Promise<void> {
  note(walk, yaml);
  await kubectl(walk, "apply -f -", { input: yaml });
}

/** `kubectl apply -f` with files, as paths from the project's folder or from the root. */
export async function applyFiles(walk: Walk, files: readonly string[], comment?: string): Promise<void> {
  for (const file of files) note(walk, await readFile(file.startsWith("/") ? file : join(walk.root, file), "utf8"));
  const words = ["apply", ...files.flatMap((file) => ["-f", file])];
  await kubectl(walk, words, comment === undefined ? {} : { note: comment });
}

/** `sed ... | kubectl apply -f -`: a file with other words in place of some. */
export async function applyChanged(walk: Walk, file: string, [from, to]: readonly [string, string]): Promise<void> {
  const yaml = (await readFile(join(walk.root, file), "utf8")).replaceAll(from, to);
  note(walk, yaml);
  await kubectl(walk, "apply -f -", { input: yaml, source: `sed -e 's|${from}|${to}|' ${file}` });
}

/** `kubectl create namespace`. */
export async function createNamespace(walk: Walk, name: string): Promise<void> {
  walk.created.push({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await kubectl(walk, ["create", "namespace", name]);
}

/** Noted before it is sent: an answer that is lost leaves nothing behind. */
function note(walk: Walk, yaml: string): void {
  walk.created.push(...objectsOf(yaml));
}

/** Types a line of `az`, which nobody runs, and shows the request to ARM that was sent in its place. */
export async function az<T extends { readonly sent: Sent }>(
  walk: Walk,
  line: string,
  work: () => Promise<T>,
): Promise<T> {
  walk.screen.typed(`az ${line}`);
  const done = await work();
  const { method, url, body, status } = done.sent;
  const data = body === undefined ? "" : `\n  ${JSON.stringify(body)}`;
  walk.screen.output(`→ ${method} ${url}${data}\n← ${status}`);
  return done;
}
