import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Measured } from "./measured.ts";
import { type NmiPlace, tokenOf } from "./nmi-place.ts";

/** What many connections of one pod got, each asking again as soon as it was answered. */
export type Load = {
  readonly requestsASecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
  /** Without an answer, or with another one than 200. */
  readonly failed: number;
  /** Processor time of the program for a request. */
  readonly processorUs: number;
};
type Told = {
  readonly requests: number;
  readonly tookUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly failed: number;
};

export const CONNECTIONS = 64;
const SCRIPT = fileURLToPath(new URL("./nmi-load.lua", import.meta.url));
const run = promisify(execFile);

/** Why no load can be made here; undefined when it can. */
export function loadMissing(): string | undefined {
  const isThere = (process.env.PATH ?? "").split(":").some((folder) => existsSync(`${folder}/wrk`));
  return isThere ? undefined : "not installed: wrk (test/cluster/install-packages bench)";
}

/**
 * Loads a program for so long. wrk makes the load: a client in Node would need more processor time for a request than
 * what it measures, and take it from it.
 */
export async function load(
  { podNamespace }: NmiPlace,
  nmi: Measured,
  seconds: number,
  signal: AbortSignal,
): Promise<Load> {
  const inPod = ["netns", "exec", podNamespace];
  const wrk = ["wrk", "-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "--latency", "-s", SCRIPT, "-H", "Metadata: true"];
  const before = nmi.processorMs();
  const { stdout } = await run("ip", [...inPod, ...wrk, tokenOf(0).url], { signal });
  nmi.checkRuns();
  const processorMs = nmi.processorMs() - before;
  const { requests, tookUs, p50Us, p99Us, failed } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Told;
  return {
    requestsASecond: (requests / tookUs) * 1e6,
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    requests,
    failed,
    processorUs: (1000 * processorMs) / requests,
  };
}
