import { isList, isObject, type Json, type JsonObject, objectOr, textOr } from "../json.ts";
import { belowZero, type FieldError, notAllowed, oneOf, required, wrong } from "../status.ts";
import { portErrors } from "./ports.ts";

const COUNTS = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
const SCHEMES = ["HTTP", "HTTPS"];
const OF_LONG_RUNNING = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

/** What is wrong with the hooks and probes of a container that runs as long as its pod. */
export function probesErrors(container: JsonObject, path: string): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  return [
    ...["postStart", "preStop"].flatMap((name) => {
      const hook = objectOr(lifecycle)[name];
      return isObject(hook) ? handlerErrors(hook, `${path}.lifecycle.${name}`) : [];
    }),
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
  const { successThreshold = 1 } = probe;
  return [
    ...handlerErrors(probe, path),
    ...COUNTS.flatMap((name) => belowZero(`${path}.${name}`, probe[name])),
    ...(isOnce && successThreshold !== 1 ? [wrong(`${path}.successThreshold`, successThreshold, "must be 1")] : []),
  ];
}

type Rules = (action: JsonObject, path: string) => FieldError[];

/** What can be done to find out or to tell, in the API server's order. */
const handlers: Readonly<Record<string, Rules>> = {
  exec: ({ command }, path) => (isList(command) && command.length > 0 ? [] : [required(`${path}.command`)]),
  httpGet: ({ port, scheme }, path) => [
    ...portErrors(`${path}.port`, port),
    ...oneOf(`${path}.scheme`, textOr(scheme) || "HTTP", SCHEMES),
  ],
  tcpSocket: ({ port }, path) => portErrors(`${path}.port`, port),
  grpc: ({ port }, path) => portErrors(`${path}.port`, port),
  sleep: () => [],
};

function handlerErrors(handler: JsonObject, path: string): FieldError[] {
  const there = Object.entries(handlers).filter(([name]) => isObject(handler[name]));
  if (there.length === 0) return [required(path, "must specify a handler type")];
  return there.flatMap(([name, rules], i) => {
    if (i > 0) return [notAllowed(`${path}.${name}`, "may not specify more than 1 handler type")];
    return rules(objectOr(handler[name]), `${path}.${name}`);
  });
}
