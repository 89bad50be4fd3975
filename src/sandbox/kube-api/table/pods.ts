import { isObject, type Json, type JsonObject, objectOr, textOr } from "../json.ts";
import { ageOf, numberOr, objectsIn, orNone, since } from "./format.ts";

type Summary = { readonly reason: string; readonly restarts: number; readonly ready: number; readonly last: string };

/** A pod's row: name, ready, status, restarts, age, and what `-o wide` adds. */
export function podCells(pod: JsonObject, now: number): readonly Json[] {
  const [spec, status, metadata] = [objectOr(pod.spec), objectOr(pod.status), objectOr(pod.metadata)];
  const sidecars = objectsIn(spec.initContainers).filter(({ restartPolicy }) => restartPolicy === "Always");
  const names = new Set(sidecars.map(({ name }) => textOr(name)));
  const { reason, restarts, ready, last } = summary(spec, status, names);
  const total = objectsIn(spec.containers).length + sidecars.length;
  return [
    textOr(metadata.name),
    `${ready}/${total}`,
    ending(metadata, status) ?? reason,
    restarts > 0 && last !== "" ? `${restarts} (${since(last, now)} ago)` : String(restarts),
    ageOf(pod, now),
    orNone(textOr(objectsIn(status.podIPs)[0]?.ip)),
    orNone(textOr(spec.nodeName)),
    orNone(textOr(status.nominatedNodeName)),
    gates(spec, status),
  ];
}

/** What is said of a pod that is being deleted. */
function ending({ deletionTimestamp }: JsonObject, { phase, reason }: JsonObject): string | undefined {
  if (deletionTimestamp === undefined) return undefined;
  if (reason === "NodeLost") return "Unknown";
  return phase === "Succeeded" || phase === "Failed" ? undefined : "Terminating";
}

function summary(spec: JsonObject, status: JsonObject, sidecars: ReadonlySet<string>): Summary {
  const conditions = objectsIn(status.conditions);
  const isGated = conditions.some(({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated");
  const first = isGated ? "SchedulingGated" : textOr(status.reason) || textOr(status.phase);
  const inits = objectsIn(status.initContainerStatuses);
  const at = inits.findIndex((init) => !isPast(init, sidecars));
  const readySidecars = inits
    .slice(0, at < 0 ? inits.length : at)
    .filter((init) => isSidecar(init, sidecars) && init.ready === true);
  const isInitialised = conditions.some((each) => each.type === "Initialized" && each.status === "True");
  const init = inits[at];
  if (init !== undefined && !isInitialised) {
    const seen = inits.slice(0, at + 1);
    const reason = initReason(init, at, objectsIn(spec.initContainers).length);
    return { reason, ready: readySidecars.length, ...restartsOf(seen) };
  }
  const containers = objectsIn(status.containerStatuses);
  const running = containers.filter((each) => each.ready === true && isObject(objectOr(each.state).running));
  const counted = [...inits.filter((each) => isSidecar(each, sidecars)), ...containers];
  return {
    reason: lastReason(first, containers, running.length > 0, conditions),
    ready: readySidecars.length + running.length,
    ...restartsOf(counted),
  };
}

function isSidecar({ name }: JsonObject, sidecars: ReadonlySet<string>): boolean {
  return sidecars.has(textOr(name));
}

function isPast(init: JsonObject, sidecars: ReadonlySet<string>): boolean {
  const { terminated } = objectOr(init.state);
  if (isObject(terminated) && numberOr(terminated.exitCode) === 0) return true;
  return isSidecar(init, sidecars) && init.started === true;
}

function initReason({ state }: JsonObject, at: number, count: number): string {
  const { terminated, waiting } = objectOr(state);
  if (isObject(terminated)) return `Init:${endReason(terminated)}`;
  const reason = textOr(objectOr(waiting).reason);
  return reason !== "" && reason !== "PodInitializing" ? `Init:${reason}` : `Init:${at}/${count}`;
}

function endReason({ reason, signal, exitCode }: JsonObject): string {
  return textOr(reason) || (signal ? `Signal:${signal}` : `ExitCode:${numberOr(exitCode)}`);
}

/** The first container that has something to say decides; one that runs beside those that completed makes the pod run. */
function lastReason(
  first: string,
  containers: readonly JsonObject[],
  isRunning: boolean,
  conditions: readonly JsonObject[],
): string {
  const reason = containers.reduceRight((before, { state }) => {
    const { waiting, terminated } = objectOr(state);
    return textOr(objectOr(waiting).reason) || (isObject(terminated) ? endReason(terminated) : before);
  }, first);
  if (reason !== "Completed" || !isRunning) return reason;
  return conditions.some(({ type, status }) => type === "Ready" && status === "True") ? "Running" : "NotReady";
}

function restartsOf(statuses: readonly JsonObject[]): Pick<Summary, "restarts" | "last"> {
  const ends = statuses.map(({ lastState }) => textOr(objectOr(objectOr(lastState).terminated).finishedAt));
  return {
    restarts: statuses.reduce((sum, { restartCount }) => sum + numberOr(restartCount), 0),
    last: ends.sort().at(-1) ?? "",
  };
}

function gates(spec: JsonObject, status: JsonObject): string {
  const asked = objectsIn(spec.readinessGates);
  const conditions = objectsIn(status.conditions);
  const open = asked.filter(({ conditionType }) =>
    conditions.some((each) => each.type === conditionType && each.status === "True"),
  );
  return asked.length === 0 ? "<none>" : `${open.length}/${asked.length}`;
}
