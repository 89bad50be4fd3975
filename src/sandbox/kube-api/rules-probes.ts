import { isObject, type Json, type JsonObject } from "./json.ts";
import { type FieldError, notAllowed, required, wrong } from "./status.ts";

const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc"] as const;
const OF_LONG_RUNNING = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

/** What is wrong with the probes of a container that runs as long as its pod. */
export function probesErrors({ livenessProbe, readinessProbe, startupProbe }: JsonObject, path: string): FieldError[] {
  return [
    ...probeErrors(livenessProbe, `${path}.livenessProbe`, true),
    ...probeErrors(readinessProbe, `${path}.readinessProbe`, false),
    ...probeErrors(startupProbe, `${path}.startupProbe`, true),
  ];
}

/** What a container that ends before others start may not have. */
export function shortRunErrors(container: JsonObject, path: string): FieldError[] {
  return OF_LONG_RUNNING.filter((name) => isObject(container[name])).map((name) =>
    notAllowed(`${path}.${name}`, "may not be set for init containers without restartPolicy=Always"),
  );
}

function probeErrors(probe: Json | undefined, path: string, isOnce: boolean): FieldError[] {
  if (!isObject(probe)) return [];
  const [first, ...more] = HANDLERS.filter((name) => isObject(probe[name]));
  const { successThreshold = 1 } = probe;
  return [
    ...(first === undefined ? [required(path, "must specify a handler type")] : []),
    ...more.map((name) => notAllowed(`${path}.${name}`, "may not specify more than 1 handler type")),
    ...(isOnce && successThreshold !== 1 ? [wrong(`${path}.successThreshold`, successThreshold, "must be 1")] : []),
  ];
}
