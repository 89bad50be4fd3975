import { join } from "node:path";
import { ask, freePort, Measured } from "./measured.ts";
import { until } from "./until.ts";

/** A MIC to measure: the file, and the flags that make it this one. */
export type MicProgram = { readonly name: string; readonly file: string; readonly flags: readonly string[] };
/** Since the process was started: until the probes answer, until it could lead, where it tells, and until it does. */
export type StartTimes = {
  readonly listeningMs: number;
  readonly readyMs: number | undefined;
  readonly leadingMs: number;
};
type Started = StartTimes & { readonly mic: Measured; readonly metricsPort: number };
type Place = {
  readonly kubeconfig: string;
  readonly cloudConfig: string;
  readonly env: Readonly<Record<string, string>>;
  /** The lease: another one for each start, so that nobody waits for a predecessor's. */
  readonly lease: string;
};

const START_LIMIT_MS = 120_000;

/** Our own MIC, as `npm run build` made it. */
export const ours: MicProgram = { name: "mic", file: join(import.meta.dirname, "../bin/mic"), flags: [] };

/** The original's binary at that path: as shipped, and without the limit that slows it down most. */
export function originals(file: string): readonly MicProgram[] {
  return [
    { name: "original", file, flags: [] },
    { name: "original --clientQps=100", file, flags: ["--clientQps=100"] },
  ];
}

/** Starts a MIC and waits until it leads. Whoever asked disposes of it. */
export async function startMic(program: MicProgram, place: Place, signal: AbortSignal): Promise<Started> {
  const probePort = await freePort();
  const metricsPort = await freePort();
  const flags = [
    `--kubeconfig=${place.kubeconfig}`,
    `--cloudconfig=${place.cloudConfig}`,
    `--leader-election-name=${place.lease}`,
    "--leader-election-instance=bench",
    `--http-probe-port=${probePort}`,
    `--prometheus-port=${metricsPort}`,
    ...program.flags,
  ];
  const env = { PATH: process.env.PATH ?? "", MIC_POD_NAMESPACE: "default", ...place.env };
  const mic = new Measured(program.file, flags, env);
  try {
    return { mic, metricsPort, ...(await startTimes(mic, program, probePort, signal)) };
  } catch (reason) {
    await mic[Symbol.asyncDispose]();
    throw reason;
  }
}

async function startTimes(mic: Measured, { name }: MicProgram, port: number, signal: AbortSignal): Promise<StartTimes> {
  const started = performance.now();
  const since = async (path: string, isSo: (answer: { status: number; body: string }) => boolean) => {
    const holds = async () => {
      mic.checkRuns();
      const answer = await ask(port, path);
      return answer !== undefined && isSo(answer);
    };
    await until(holds, { what: `${name} answers ${path} as expected`, limitMs: START_LIMIT_MS, signal });
    return performance.now() - started;
  };
  const listeningMs = await since("/healthz", ({ status }) => status === 200);
  const tellsReady = (await ask(port, "/readyz"))?.status !== 404;
  const readyMs = tellsReady ? await since("/readyz", ({ status }) => status === 200) : undefined;
  const leadingMs = await since("/healthz", ({ body }) => body === "Active");
  return { listeningMs, readyMs, leadingMs };
}
