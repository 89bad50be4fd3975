import type { Kind } from "../api/kinds.ts";
import { Fault, type FaultCode } from "../base/fault.ts";
import { readStatus, type Status } from "./wire.ts";

/** What was asked of the API server, as its roles name it. */
export type Action = {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";
  readonly kind: Kind;
  readonly namespace: string;
  /** Empty for all objects. */
  readonly name: string;
};

/** An answer that is no success. */
export type Refusal = { readonly status: number; readonly body: string; readonly retryAfter?: string | undefined };

const codes: Readonly<Record<number, FaultCode>> = {
  400: "KUBE_INVALID",
  401: "KUBE_UNAUTHORIZED",
  403: "KUBE_FORBIDDEN",
  404: "KUBE_NOT_FOUND",
  405: "KUBE_INVALID",
  409: "KUBE_CONFLICT",
  410: "KUBE_GONE",
  413: "KUBE_INVALID",
  415: "KUBE_INVALID",
  422: "KUBE_INVALID",
  429: "KUBE_THROTTLED",
};

const GRANTEE = " in a role of this program's account";
/** Of a name that is followed by advice: logs cut what is long, and the advice matters more than the end of a name. */
const LONGEST_PLACE = 100;

/** What to do about it, where the API server's own message does not say. */
function advice(code: FaultCode, { verb, kind, name }: Action, said: string): string {
  // Quotas, admission and namespaces that end refuse with the same status, and say so themselves.
  if (code === "KUBE_FORBIDDEN" && (said === "" || / cannot /.test(said))) {
    return `; grant "${verb}" on ${resourceOf(kind)}${GRANTEE}`;
  }
  if (code === "KUBE_UNAUTHORIZED") return "; renew the token or certificate that this program uses";
  if (code === "KUBE_NOT_FOUND" && name === "" && kind.group !== "") {
    return `; install the custom resource definition ${resourceOf(kind)}`;
  }
  return "";
}

/** The fault for an answer of the API server: what was done to which object, and what the server said. */
export function refusal(action: Action, { status, body, retryAfter }: Refusal): Fault {
  return faultOf(action, { ...readStatus(parsed(body)), code: status }, retryAfter);
}

/** The fault for an ERROR event, which carries a Status in place of an object. */
export function watchRefusal(action: Action, object: unknown): Fault {
  return faultOf(action, readStatus(object));
}

function faultOf(action: Action, status: Status, retryAfter?: string): Fault {
  const code = codeOf(status);
  const said = status.message === "" ? `status ${status.code}` : status.message;
  const todo = advice(code, action, status.message);
  // What the API server says may be long: the advice comes before it, so that no log cuts it off.
  const message = `the API server refused to ${todo === "" ? sentence(action) : brief(sentence(action))}${todo}: ${said}`;
  const seconds = Number(retryAfter);
  return new Fault(code, message, {
    facts: { verb: action.verb, resource: resourceOf(action.kind), status: status.code },
    retryAfterMs: retryAfter !== undefined && seconds >= 0 ? seconds * 1000 : undefined,
  });
}

/** The same refusal, with another way out for whoever will not grant the permission. */
export function withAlternative(refused: Fault, otherwise: string): Fault {
  const { code, message, facts } = refused;
  return new Fault(
    code,
    message.replace(GRANTEE, () => `${GRANTEE}, ${otherwise}`),
    { cause: refused, facts },
  );
}

function brief(place: string): string {
  return place.length > LONGEST_PLACE ? `${place.slice(0, LONGEST_PLACE)}…` : place;
}

function codeOf({ code, causes }: Status): FaultCode {
  // After a restore from a backup the version that we know lies in the future: as good as gone.
  if (causes.includes("ResourceVersionTooLarge")) return "KUBE_GONE";
  return codes[code] ?? "KUBE_ERROR";
}

/** The fault for a server that did not answer, or broke off in the middle. */
export function unreachable(server: string, cause: unknown): Fault {
  const why = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
  const message = `cannot reach the API server at ${server} (${why}): check the address, the network and the server's certificate`;
  return new Fault("KUBE_UNREACHABLE", message, { cause, facts: { server } });
}

/** The fault for an answer that no API server gives, e.g. the page of a proxy. */
export function unreadable(action: Action, cause?: unknown): Fault {
  const message = `the answer to ${sentence(action)} is not one of a Kubernetes API server: check the server's address`;
  return new Fault("KUBE_ERROR", message, { cause });
}

function sentence({ verb, kind, namespace, name }: Action): string {
  if (name !== "") return `${verb} ${kind.kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
  return `${verb} ${kind.plural}${namespace === "" ? "" : ` in namespace ${namespace}`}`;
}

function resourceOf(kind: Kind): string {
  return kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // a proxy's page, or none: the status alone has to do
  }
}
