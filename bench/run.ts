import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { micQuestion } from "./mic.ts";
import { nmiQuestion } from "./nmi.ts";
import type { Answer, Question } from "./question.ts";
import { sandboxQuestion } from "./sandbox.ts";

// npm run bench -- <question> [--rounds=N] [--quick]
// Exits 0 when all budgets hold, 1 when one does not or nothing could be measured, 2 when it was asked wrongly.

const questions: Readonly<Record<string, { readonly ask: Question; readonly rounds: number }>> = {
  mic: { ask: micQuestion, rounds: 3 },
  nmi: { ask: nmiQuestion, rounds: 5 },
  sandbox: { ask: sandboxQuestion, rounds: 3 },
};
const USAGE = `usage: npm run bench -- ${Object.keys(questions).join("|")} [--rounds=N] [--quick]
  --rounds  how often each program runs, in alternating order (mic 3, nmi 5, sandbox 3)
  --quick   a smaller case, once; the files of the last result stay as they are
  PEER_MIC, PEER_NMI  variables: paths of the original's binaries, to measure side by side`;

type Call = { readonly name: string; readonly question: Question; readonly rounds: number; readonly quick: boolean };

/** @throws Error that says what is wrong with the command line */
function readCall(args: readonly string[]): Call {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { rounds: { type: "string" }, quick: { type: "boolean", default: false } },
  });
  const [name = "", ...more] = positionals;
  const question = Object.hasOwn(questions, name) ? questions[name] : undefined;
  if (question === undefined) throw new Error(name === "" ? "no question" : `there is no question "${name}"`);
  if (more.length > 0) throw new Error(`one question at a time, not also ${more.join(", ")}`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : question.rounds));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds must be a whole number from 1 on`);
  return { name, question: question.ask, rounds, quick: values.quick };
}

async function answer({ name, question, rounds, quick }: Call, signal: AbortSignal): Promise<Answer> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const given = await question({ rounds, quick, signal, env: process.env, say });
  process.stdout.write(`${given.page}\n`);
  if (!quick) {
    writeFileSync(join(import.meta.dirname, `${name}.json`), `${JSON.stringify(given.raw, null, 2)}\n`);
    writeFileSync(join(import.meta.dirname, `${name}.md`), given.page);
  }
  return given;
}

async function main(): Promise<number> {
  let call: Call;
  try {
    call = readCall(process.argv.slice(2));
  } catch (reason) {
    process.stderr.write(`bench: ${reason instanceof Error ? reason.message : reason}\n${USAGE}\n`);
    return 2;
  }
  const stop = new AbortController();
  const end = (signal: NodeJS.Signals) => stop.abort(new Error(`stopped by ${signal}`));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  try {
    const { verdicts } = await answer(call, stop.signal);
    return verdicts.every(({ holds }) => holds) ? 0 : 1;
  } catch (reason) {
    const why = stop.signal.aborted ? stop.signal.reason : reason;
    process.stderr.write(`bench: ${why instanceof Error ? why.message : why}\n`);
    return 1;
  }
}

process.exit(await main());
