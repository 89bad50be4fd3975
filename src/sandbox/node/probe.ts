import type { Container, Pod, Probe } from "kubernetes-types/core/v1.d.ts";
import type { Clock } from "../../base/clock.ts";
import type { Knock, Knocked } from "./prober.ts";
import { UnsupportedError } from "./unsupported.ts";

/** How probes are carried out: each gives nothing when it went well, else what is wrong. */
export type ProbeTools = {
  readonly knock: (knock: Knock) => Promise<Knocked>;
  readonly exec: (command: readonly string[], timeoutMs: number) => Promise<Knocked>;
  /** Where the container listens in truth on a port that it says. */
  readonly portOf: (port: number) => number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** Before the first answer a container is asked again soon, since it has only just begun. */
const FIRST_WAIT_MS = 200;

/** @throws UnsupportedError for a probe of a kind that the sandbox does not have */
export function checkProbes({ name, livenessProbe, readinessProbe, startupProbe }: Container): void {
  for (const probe of [livenessProbe, readinessProbe, startupProbe]) {
    if (probe === undefined || probe.exec || probe.httpGet || probe.tcpSocket) continue;
    const message = `the sandbox does not carry out the probe of container ${name}: use exec, httpGet or tcpSocket`;
    throw new UnsupportedError("CreateContainerConfigError", message);
  }
}

/** One attempt; nothing when it went well, else what is wrong. */
export async function attempt(probe: Probe, container: Container, pod: Pod, tools: ProbeTools): Promise<Knocked> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec !== undefined) return await tools.exec(probe.exec.command ?? [], timeoutMs);
  const { httpGet, tcpSocket } = probe;
  const target = httpGet ?? tcpSocket;
  const port = tools.portOf(portNumber(target?.port as number | string, container));
  const host = target?.host || (pod.status?.podIP ?? "");
  if (httpGet === undefined) return await tools.knock({ host, port, timeoutMs });
  const { scheme = "HTTP", path = "/" } = httpGet;
  const url = `${scheme.toLowerCase()}://${host}:${port}${path.startsWith("/") ? path : `/${path}`}`;
  return await tools.knock({ host, port, url, timeoutMs });
}

function portNumber(port: number | string, { ports = [] }: Container): number {
  if (typeof port === "number") return port;
  return ports.find(({ name }) => name === port)?.containerPort ?? Number(port);
}

/** What is told of a probe while it is carried out. */
type ProbeEars = {
  /** It has gone well, or failed, often enough in succession: whether it holds now. */
  readonly fares: (holds: boolean) => void;
  /** An attempt failed, and what was wrong. */
  readonly missed: (said: Knocked) => void;
};
type Repeating = Pick<ProbeTools, "clock" | "signal"> & ProbeEars & { readonly isPatient: boolean };

/**
 * Carries a probe out until the signal comes. `isPatient`: what fails before it went well the first time is asked again
 * soon; of these attempts, which kubelets do not make, nothing is told.
 */
export async function repeat(
  probe: Probe,
  ask: () => Promise<Knocked>,
  { clock, signal, isPatient, fares, missed }: Repeating,
): Promise<void> {
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  let [good, bad, wait] = [0, 0, isPatient ? FIRST_WAIT_MS : periodMs];
  await clock.sleep((probe.initialDelaySeconds ?? 0) * 1000, signal).catch(() => {});
  while (!signal.aborted) {
    const said = await ask().catch(({ message }: Error) => message);
    if (signal.aborted) return;
    [good, bad] = said === "" ? [good + 1, 0] : [0, bad + 1];
    if (said === "") wait = periodMs;
    else if (wait >= periodMs) missed(said);
    if (good >= (probe.successThreshold ?? 1)) fares(true);
    if (bad >= (probe.failureThreshold ?? 3)) fares(false);
    await clock.sleep(Math.min(wait, periodMs), signal).catch(() => {});
    if (wait < periodMs) wait *= 2;
  }
}
