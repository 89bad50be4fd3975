import { median, shown } from "./figures.ts";
import { type Answer, type Asked, atMost, type Verdict } from "./question.ts";
import { runSandbox, type SandboxRun, type SandboxSize } from "./sandbox-run.ts";
import { circumstances, table, verdictTable } from "./tables.ts";

const full: SandboxSize = { pods: 10_000, nodes: 500, timed: 500 };
const small: SandboxSize = { pods: 500, nodes: 50, timed: 50 };

/** How large and how fast the sandbox's Kubernetes API is, asked as a service account with a role. */
export async function sandboxQuestion({ rounds, quick, signal, say }: Asked): Promise<Answer> {
  const size = quick ? small : full;
  const runs: SandboxRun[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const run = await runSandbox(size, signal);
    say(`round ${round} of ${rounds}: ${inWords(run)}`);
    runs.push(run);
  }
  const verdicts = verdictsOf(runs, size);
  const raw = { ...circumstances(), size, rounds: runs.map(summary) };
  return { raw, page: pageOf(runs, verdicts, size), verdicts };
}

function verdictsOf(runs: readonly SandboxRun[], { pods, nodes }: SandboxSize): readonly Verdict[] {
  const typical = (number: (run: SandboxRun) => number) => median(runs.map(number));
  return [
    atMost(
      "start to the first answer",
      typical(({ startMs }) => startMs),
      1_000,
      "ms",
    ),
    atMost(
      "creating a pod, median",
      typical(({ createMs }) => median(createMs)),
      2,
      "ms",
    ),
    atMost(
      "a watch event from its request on, 95 %",
      typical(({ eventMs }) => part(eventMs, 0.95)),
      5,
      "ms",
    ),
    atMost(`memory with ${pods} pods and ${nodes} nodes`, Math.max(...runs.map(({ rssMb }) => rssMb)), 400, "MB"),
  ];
}

/** The value that so large a part of all does not exceed. */
function part(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function summary({ startMs, createMs, eventMs, rssMb, peakMb }: SandboxRun) {
  return {
    startMs,
    createMs: { median: median(createMs), p99: part(createMs, 0.99), last1000: median(createMs.slice(-1000)) },
    eventMs: { median: median(eventMs), p95: part(eventMs, 0.95), p99: part(eventMs, 0.99) },
    rssMb,
    peakMb,
  };
}

function inWords(run: SandboxRun): string {
  const { startMs, createMs, eventMs, rssMb } = summary(run);
  const times = `start ${shown(startMs)} ms, create ${shown(createMs.median)} ms, event ${shown(eventMs.p95)} ms`;
  return `${times}, ${shown(rssMb)} MB`;
}

function pageOf(runs: readonly SandboxRun[], verdicts: readonly Verdict[], { pods, nodes }: SandboxSize): string {
  const { date, processor, memoryGb, node } = circumstances();
  const rows = runs
    .map(summary)
    .map(({ startMs, createMs, eventMs, rssMb, peakMb }, i) => [
      ...[String(i + 1), startMs, createMs.median, createMs.p99, createMs.last1000],
      ...[eventMs.median, eventMs.p95, eventMs.p99, rssMb, peakMb],
    ]);
  return `# The sandbox's Kubernetes API

${date.slice(0, 10)}, ${processor}, ${memoryGb} GB, Node ${node}. One client makes ${nodes} nodes and ${pods} pods of 1.5 kB one after the other, as a
service account whose role allows it; then each node watches its pods. Times are the client's, over HTTP on loopback.

${verdictTable(verdicts)}

${table(["round", "start ms", "create ms", "99 %", "last 1000", "event ms", "95 %", "99 %", "MB", "most MB"], rows)}
`;
}
