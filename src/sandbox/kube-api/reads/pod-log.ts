import type { ServerResponse } from "node:http";
import type { Cluster, Target } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import type { ApiRequest } from "../http/request.ts";
import { type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import { badRequest, notFound, type StatusError, unsupported } from "../status.ts";
import { numberOr, objectsIn } from "../table/format.ts";
import { type LogOptions, lastLines, readLogOptions } from "./log-options.ts";

/** What the nodes keep of what containers print. */
export type NodeLogs = {
  /** All that a pod's container has printed; undefined for a pod that no node knows. */
  read(namespace: string, pod: string, container: string): Promise<string | undefined>;
  /** The same, and what it prints from now on, until it ends. */
  follow(namespace: string, pod: string, container: string, signal: AbortSignal): AsyncIterable<string>;
};

/** GET of a pod's `log`. @throws StatusError before anything is sent */
export async function sendLog(
  cluster: Cluster,
  { target, query }: ApiRequest,
  logs: NodeLogs | undefined,
  response: ServerResponse,
): Promise<void> {
  const pod = cluster.store.of(target.resource).get(keyOf(target));
  if (pod === undefined) throw notFound(target.resource, target.name);
  const options = readLogOptions(query, cluster.now());
  const container = containerOf(pod, options);
  if (options.isPrevious) throw noPrevious(pod, container);
  const isPlaced = textOr(objectOr(pod.spec).nodeName) !== "";
  const text = isPlaced ? await readNow(target, pod, container, logs) : "";
  const shown = isWithin(pod, container, options) ? limited(lastLines(text, options.tailLines), options) : "";
  response.writeHead(200, { "content-type": "text/plain" });
  response.write(shown);
  if (options.follows && isPlaced && logs !== undefined) {
    await followOn({ ...target, container }, logs, text.length, response);
  }
  response.end();
}

/** Sends what comes after what was sent. */
async function followOn(
  { namespace, name, container }: Target & { readonly container: string },
  logs: NodeLogs,
  sent: number,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  let skip = sent;
  try {
    for await (const text of logs.follow(namespace, name, container, gone.signal)) {
      response.write(text.slice(skip));
      skip = Math.max(0, skip - text.length);
    }
  } catch (reason) {
    if (!gone.signal.aborted) throw reason;
  }
}

function limited(text: string, { limitBytes }: LogOptions): string {
  return limitBytes === undefined ? text : Buffer.from(text).subarray(0, limitBytes).toString();
}

async function readNow(
  { namespace, name }: Target,
  pod: KubeObject,
  container: string,
  logs: NodeLogs | undefined,
): Promise<string> {
  const text = await logs?.read(namespace, name, container);
  if (text !== undefined) return text;
  const { waiting } = stateOf(pod, container);
  const reason = textOr(objectOr(waiting).reason) || "ContainerCreating";
  throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ${reason}`);
}

/** The container that is meant. @throws StatusError 400 */
function containerOf({ metadata, spec }: KubeObject, { container }: LogOptions): string {
  const { containers, initContainers } = objectOr(spec);
  const [own, first] = [containers, initContainers].map((list) => objectsIn(list).map(({ name }) => textOr(name)));
  const all = [...(own ?? []), ...(first ?? [])];
  if (all.includes(container)) return container;
  if (container !== "") throw badRequest(`container ${container} is not valid for pod ${metadata.name}`);
  const [only] = all;
  if (all.length === 1 && only !== undefined) return only;
  const others = first?.length ? ` or one of the init containers: [${first.join(" ")}]` : "";
  const choice = `choose one of: [${own?.join(" ")}]${others}`;
  throw badRequest(`a container name must be specified for pod ${metadata.name}, ${choice}`);
}

function statusOf({ status }: KubeObject, container: string): JsonObject {
  const { containerStatuses, initContainerStatuses } = objectOr(status);
  const all = [...objectsIn(containerStatuses), ...objectsIn(initContainerStatuses)];
  return objectOr(all.find(({ name }) => name === container));
}

function stateOf(pod: KubeObject, container: string): JsonObject {
  return objectOr(statusOf(pod, container).state);
}

/** Whether all of the output is young enough; a part of it cannot be told from the rest. @throws StatusError 501 */
function isWithin(pod: KubeObject, container: string, { since }: LogOptions): boolean {
  if (since === undefined) return true;
  const { running, terminated } = stateOf(pod, container);
  const started = Date.parse(textOr(objectOr(running ?? terminated).startedAt));
  const finished = Date.parse(textOr(objectOr(terminated).finishedAt));
  if (finished < since) return false;
  if (!(started < since)) return true;
  throw unsupported(
    "a time inside a log (--since, --since-time): the nodes keep what is printed, not when; try --tail",
  );
}

/** Of a container that ran once only there is no earlier run; the runs of one that was started again have one log. */
function noPrevious(pod: KubeObject, container: string): StatusError {
  if (numberOr(statusOf(pod, container).restartCount) > 0)
    return unsupported(
      "an earlier run alone (--previous): the nodes keep one log of all runs, leave it out to see them all",
    );
  return badRequest(`previous terminated container "${container}" in pod "${pod.metadata.name}" not found`);
}
