import { INSTANCE_VERSIONS, instanceAnswer } from "./imds-instance.ts";
import { tokenAnswer } from "./imds-token.ts";
import type { Instance, Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import { lookupKey } from "./resource-id.ts";
import { type Answer, type Asked, type Emulator, type Place, type Route, serve } from "./server.ts";
import type { World } from "./world.ts";

export type ImdsOptions = Omit<Place, "tls"> & {
  readonly world: World;
  /** ARM ID of the VM, or of the scale-set instance, that it serves. */
  readonly machine: string;
};

const NEWEST_VERSIONS = INSTANCE_VERSIONS.slice(0, 3);
const BAD_VERSION = "Bad api-version";

/**
 * The instance metadata service of one machine, over plain HTTP as in Azure: tokens of the identities that the machine
 * holds at that moment, and what the machine is.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export async function startImds({ world, machine: id, ...place }: ImdsOptions): Promise<Emulator> {
  const { machine, instance } = locate(world, id);
  return serve(
    {
      traffic: world.traffic,
      routes: [
        {
          method: "GET",
          path: /^\/metadata\/identity\/oauth2\/token\/?$/,
          operation: "imds.token",
          answer: ({ query }) => tokenAnswer(world, machine, instance, query),
        },
        instanceRoute(world, machine, instance),
        {
          method: "GET",
          path: /^\/metadata\/versions\/?$/,
          operation: "imds.versions",
          answer: () => ({ status: 200, json: { apiVersions: INSTANCE_VERSIONS.toReversed() } }),
        },
      ],
      admit: checkHeaders,
      headers: () => ({ server: "IMDS/150.870.65.512" }),
      refused: errorAnswer,
      unknown: ({ method }) =>
        method === "GET"
          ? new Refusal(404, "Not found", "Not found")
          : new Refusal(405, "Method not allowed", "Method not allowed", { allow: "GET" }),
    },
    place,
  );
}

function locate(world: World, id: string): { readonly machine: Machine; readonly instance: Instance } {
  const machine = world.machine(id);
  const instance = machine?.facts.instances.find((one) => lookupKey(one.id) === lookupKey(id));
  if (machine === undefined || instance === undefined) {
    throw new Error(`there is no VM or scale-set instance ${id} in this Azure`);
  }
  return { machine, instance };
}

function instanceRoute(world: World, machine: Machine, instance: Instance): Route {
  return {
    method: "GET",
    path: /^\/metadata\/instance(?<part>\/.*)?$/,
    operation: "imds.instance",
    answer: ({ query }, { part = "" }) => {
      if (!INSTANCE_VERSIONS.includes(query.get("api-version") ?? "")) {
        const message =
          "Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds";
        throw new Refusal(400, BAD_VERSION, message);
      }
      const path = part.split("/").filter((step) => step !== "");
      return instanceAnswer(world, machine, instance, { path, query });
    },
  };
}

/** @throws Refusal 400 unless the caller shows that it means IMDS, and that nobody forwarded its request */
function checkHeaders({ path, headers }: Asked): void {
  const isToken = path.startsWith("/metadata/identity/");
  const refuse = (text: string) => {
    throw isToken ? new Refusal(400, "invalid_request", text) : new Refusal(400, "Bad request", `Bad request. ${text}`);
  };
  if (String(headers.metadata).toLowerCase() !== "true") refuse("Required metadata header not specified");
  if (headers["x-forwarded-for"] !== undefined) refuse("The header X-Forwarded-For is not allowed");
}

/** The token endpoint writes OAuth errors, whose codes are like `invalid_request`; the rest of IMDS a sentence. */
function errorAnswer({ status, code, message, headers }: Refusal): Answer {
  if (/^[a-z_]+$/.test(code)) return { status, json: { error: code, error_description: message }, headers };
  const versions = code === BAD_VERSION ? { "newest-versions": NEWEST_VERSIONS } : {};
  return { status, json: { error: message, ...versions }, headers };
}
