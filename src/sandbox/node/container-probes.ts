import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { attempt, type ProbeTools, repeat } from "./probe.ts";

export type ProbeNews = {
  /** The container has started, as its startup probe says. */
  readonly started: () => void;
  readonly ready: (isReady: boolean) => void;
  /** An attempt went wrong. */
  readonly missed: (which: "Startup" | "Liveness" | "Readiness", said: string) => void;
  /** A probe says that only a restart helps. */
  readonly failed: (which: "Startup" | "Liveness") => void;
};

/** Watches over a container that has begun, until the signal comes or it is found dead. */
export async function watchOver(container: Container, pod: Pod, tools: ProbeTools, news: ProbeNews): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([tools.signal, over.signal]);
  const { startupProbe, livenessProbe, readinessProbe } = container;
  if (startupProbe !== undefined && !(await hasStarted(container, pod, tools, news))) return;
  news.started();
  const watched = { ...tools, signal };
  const liveness =
    livenessProbe &&
    repeat(livenessProbe, () => attempt(livenessProbe, container, pod, watched), {
      ...{ clock: tools.clock, signal, isPatient: false },
      missed: (said) => news.missed("Liveness", said),
      fares: (holds) => {
        if (holds || signal.aborted) return;
        over.abort();
        news.failed("Liveness");
      },
    });
  if (readinessProbe === undefined) news.ready(true);
  const readiness =
    readinessProbe &&
    repeat(readinessProbe, () => attempt(readinessProbe, container, pod, watched), {
      ...{ clock: tools.clock, signal, isPatient: true },
      missed: (said) => news.missed("Readiness", said),
      fares: news.ready,
    });
  await Promise.all([liveness, readiness]);
}

async function hasStarted(container: Container, pod: Pod, tools: ProbeTools, news: ProbeNews): Promise<boolean> {
  const { startupProbe } = container;
  if (startupProbe === undefined) return true;
  const over = new AbortController();
  const signal = AbortSignal.any([tools.signal, over.signal]);
  let started = false;
  await repeat(startupProbe, () => attempt(startupProbe, container, pod, { ...tools, signal }), {
    ...{ clock: tools.clock, signal, isPatient: false },
    missed: (said) => news.missed("Startup", said),
    fares: (holds) => {
      over.abort();
      started = holds;
      if (!holds) news.failed("Startup");
    },
  });
  return started;
}
