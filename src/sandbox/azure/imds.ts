import { attestedAnswer, createAttester } from "./imds-attested.ts";
import { ImdsGate } from "./imds-gate.ts";
import { instanceAnswer } from "./imds-instance.ts";
import { tokenAnswer } from "./imds-token.ts";
import { BAD_VERSION, EVENT_VERSIONS, newestVersions, VERSIONS, versionOf } from "./imds-versions.ts";
import type { Instance, Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import { lookupKey } from "./resource-id.ts";
import { type Answer, type Asked, type Emulator, type Place, type Route, serve } from "./server.ts";
import type { World } from "./world.ts";

export type ImdsOptions = Omit<Place, "tls"> & {
  readonly world: World;
  /** ARM ID of the VM, or of the scale-set instance, that it serves. */
  readonly machine: string;
  /** Whether Azure's documented limits hold: 20 tokens a second, 5 at once, 5 other calls a second. */
  readonly isLimited?: boolean;
};
type Here = { readonly world: World; readonly machine: Machine; readonly instance: Instance };
/** A metadata service that runs; its gate can be told that the service is being updated. */
export type ImdsEmulator = Emulator & { readonly gate: ImdsGate };

/** The first version that has the signed document. */
const ATTESTED_SINCE = "2018-10-01";

/**
 * The instance metadata service of one machine, over plain HTTP as in Azure: tokens of the identities that the machine
 * holds at that moment, what the machine is, and what maintenance is ahead of it.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export async function startImds(options: ImdsOptions): Promise<ImdsEmulator> {
  const { world, machine: id, isLimited = false, ...place } = options;
  const here = { world, ...locate(world, id) };
  const gate = new ImdsGate({ clock: world.clock, isLimited });
  const emulator = await serve(
    {
      traffic: world.traffic,
      routes: [...tokenRoutes(here), instanceRoute(here), attestedRoute(here), ...eventRoutes(here), versionsRoute],
      enter: (operation) => gate.enter(operation),
      admit: checkHeaders,
      headers: () => ({ server: "IMDS/150.870.65.512" }),
      refused: errorAnswer,
      unknown: ({ method, path }) =>
        method === "GET" || !path.startsWith("/metadata/")
          ? new Refusal(404, "Not found", "Not found")
          : new Refusal(405, "Method not allowed", "Method not allowed", { allow: "GET" }),
    },
    place,
  );
  return { ...emulator, gate };
}

function locate(world: World, id: string): { readonly machine: Machine; readonly instance: Instance } {
  const machine = world.machine(id);
  const instance = machine?.facts.instances.find((one) => lookupKey(one.id) === lookupKey(id));
  if (machine === undefined || instance === undefined) {
    throw new Error(`there is no VM or scale-set instance ${id} in this Azure`);
  }
  return { machine, instance };
}

function tokenRoutes({ world, machine, instance }: Here): Route[] {
  return [
    {
      method: "GET",
      path: /^\/metadata\/identity\/oauth2\/token\/?$/,
      operation: "imds.token",
      answer: ({ query }) => tokenAnswer(world, machine, instance, query),
    },
    {
      method: "GET",
      path: /^\/metadata\/identity\/info\/?$/,
      operation: "imds.identityInfo",
      answer: () => ({ status: 200, json: { tenantId: world.tenant } }),
    },
  ];
}

function instanceRoute({ world, machine, instance }: Here): Route {
  return {
    method: "GET",
    path: /^\/metadata\/instance(?<part>\/.*)?$/,
    operation: "imds.instance",
    answer: ({ query }, { part = "" }) => {
      const version = versionOf(query);
      const path = part.split("/").filter((step) => step !== "");
      return instanceAnswer(world, machine, instance, { path, version, format: query.get("format") });
    },
  };
}

function attestedRoute({ world, instance }: Here): Route {
  const attest = createAttester();
  return {
    method: "GET",
    path: /^\/metadata\/attested\/document\/?$/,
    operation: "imds.attested",
    answer: ({ query }) => {
      versionOf(query, VERSIONS, ATTESTED_SINCE);
      return attestedAnswer(world, instance, query.get("nonce"), attest);
    },
  };
}

function eventRoutes({ machine }: Here): Route[] {
  const path = /^\/metadata\/scheduledevents\/?$/i;
  return [
    {
      method: "GET",
      path,
      operation: "imds.scheduledEvents.get",
      answer: ({ query }) => {
        versionOf(query, EVENT_VERSIONS);
        return { status: 200, json: machine.events.document() };
      },
    },
    {
      method: "POST",
      path,
      operation: "imds.scheduledEvents.start",
      answer: ({ query, body }) => {
        versionOf(query, EVENT_VERSIONS);
        const unknown = approvedBy(body).find((id) => !machine.events.start(id));
        if (unknown === undefined) return { status: 200 };
        throw new Refusal(400, "Bad request", `Bad request. There is no event ${unknown}.`);
      },
    },
  ];
}

/** The events that a guest approves. @throws Refusal 400 */
function approvedBy(body: string): readonly string[] {
  try {
    const { StartRequests } = JSON.parse(body) as { StartRequests: { EventId: string }[] };
    const ids = StartRequests.map(({ EventId }) => EventId);
    if (ids.every((id) => typeof id === "string")) return ids;
  } catch {
    // told below
  }
  throw new Refusal(400, "Bad request", 'Bad request. Expected {"StartRequests": [{"EventId": "..."}]}.');
}

const versionsRoute: Route = {
  method: "GET",
  path: /^\/metadata\/versions\/?$/,
  operation: "imds.versions",
  answer: () => ({ status: 200, json: { apiVersions: VERSIONS } }),
};

/** @throws Refusal 400 unless the caller shows that it means IMDS, and that nobody forwarded its request */
function checkHeaders({ path, headers }: Asked): void {
  const isToken = isIdentity(path);
  const refuse = (text: string) => {
    throw isToken ? new Refusal(400, "invalid_request", text) : new Refusal(400, "Bad request", `Bad request. ${text}`);
  };
  if (String(headers.metadata).toLowerCase() !== "true") refuse("Required metadata header not specified");
  if (headers["x-forwarded-for"] !== undefined) refuse("The header X-Forwarded-For is not allowed");
}

/** The token endpoint writes OAuth errors, whose codes are like `invalid_request`; the rest of IMDS a sentence. */
function errorAnswer({ status, code, message, headers }: Refusal, { path }: Asked): Answer {
  if (isIdentity(path)) return { status, json: { error: code, error_description: message }, headers };
  const versions = code === BAD_VERSION ? { "newest-versions": newestVersions() } : {};
  return { status, json: { error: message, ...versions }, headers };
}

function isIdentity(path: string): boolean {
  return path.startsWith("/metadata/identity/");
}
