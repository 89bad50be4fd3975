import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import type { EmulatedService, EmulateOptions, Emulators } from "../sandbox/emulate.ts";
import type { Command, CommandValues } from "./command.ts";
import { faultOption, listOf, untilStopped } from "./sandbox.ts";
import { joined } from "./sandbox-plan.ts";
import type { Screen } from "./screen.ts";

const SERVICES = ["imds", "arm", "entra"] as const satisfies readonly EmulatedService[];
const LAST_PORT = 65_535;

export const emulateCommand: Command = {
  name: "emulate",
  summary:
    "Run Azure's metadata service (imds), Resource Manager (arm) or Entra ID (entra) alone, or some of them around one Azure.",
  words: { name: "services", help: "what to run", choices: SERVICES },
  options: [
    { flags: "--host <address>", help: "address to listen at", fallback: "127.0.0.1" },
    ...SERVICES.map((name) => ({
      flags: `--${name}-port <port>`,
      help: `port of ${name}; 0 takes a free one`,
      fallback: "0",
    })),
    { flags: "--http", help: "arm and entra by plain HTTP, for clients that cannot be told whom to trust" },
    {
      flags: "--identities <names>",
      help: "user-assigned identities on the machine, with commas between",
      fallback: "demo",
      isRepeated: true,
    },
    { flags: "--system-assigned", help: "give the machine an identity of its own" },
    { flags: "--limits", help: "hold Azure's documented limits on calls" },
    { flags: "--roles", help: "have arm ask for role assignments; the service principal told is an owner then" },
    { flags: "--operation-ms <ms>", help: "how long a change of a machine takes at arm", fallback: "500" },
    { flags: "--updating <seconds>", help: "how long imds answers 410 at first, as during an update", fallback: "0" },
    faultOption,
  ],
  examples: [
    "podid emulate imds --imds-port 8080",
    "podid emulate imds --limits --fault imds.token=error:500,times=3",
    "podid emulate arm entra --http",
  ],
  run: async (values, context) => {
    const options = readOptions(values);
    const { startEmulators } = await import("../sandbox/emulate.ts");
    await using emulators = await startEmulators(options);
    tell(emulators, context.screen);
    await untilStopped(context);
  },
};

function readOptions(values: CommandValues): EmulateOptions {
  const port = (service: EmulatedService) => whole(values, `${service}Port`, `--${service}-port`, LAST_PORT);
  return {
    services: SERVICES.filter((service) => listOf(values.services).includes(service)),
    host: String(values.host),
    ports: { imds: port("imds"), arm: port("arm"), entra: port("entra") },
    isPlain: values.http === true,
    identities: namesOf(joined(values.identities) ?? ""),
    systemAssigned: values.systemAssigned === true,
    isLimited: values.limits === true,
    hasRoles: values.roles === true,
    operationMs: whole(values, "operationMs", "--operation-ms"),
    updatingMs: whole(values, "updating", "--updating") * 1000,
    faults: listOf(values.fault),
    log: createLog(),
  };
}

/** @throws Fault FLAG_INVALID */
function whole(values: CommandValues, key: string, flag: string, most = Number.MAX_SAFE_INTEGER): number {
  const text = String(values[key]);
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= most) return number;
  const range = most === LAST_PORT ? `from 0 to ${most}` : "of 0 or more";
  throw new Fault("FLAG_INVALID", `${flag}=${text} is no whole number ${range}`);
}

/** @throws Fault FLAG_INVALID */
function namesOf(text: string): readonly string[] {
  const names = text.split(",").filter((name) => name !== "");
  const bad = names.find((name) => !/^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/.test(name));
  if (bad === undefined) return names;
  const rule = "3 to 128 letters, digits, - and _, as Azure has it";
  throw new Fault("FLAG_INVALID", `--identities: "${bad}" is no name of an identity: ${rule}`);
}

/** Everything as lines that a shell can take: a comment, or a variable. */
function tell(emulators: Emulators, screen: Screen): void {
  const { urls, caFile, principal, identities } = emulators;
  const set = (name: string, value: string) => screen.say(`export ${name}=${value}`);
  if (urls.imds !== undefined) {
    screen.say(`# IMDS of ${emulators.machineId}`);
    for (const { name, clientId } of identities) screen.say(`# identity ${name}: client ID ${clientId}`);
    set("AZURE_POD_IDENTITY_AUTHORITY_HOST", urls.imds);
  }
  if (urls.arm !== undefined) {
    screen.say(`# Resource Manager, for a client with the token of a day`);
    set("ARM_ENDPOINT", urls.arm);
    set("ARM_SUBSCRIPTION_ID", emulators.subscription);
    set("ARM_TOKEN", emulators.armToken);
  }
  if (urls.entra !== undefined) {
    screen.say(`# Entra ID, with a service principal`);
    set("AZURE_AUTHORITY_HOST", urls.entra);
    set("AZURE_TENANT_ID", principal.tenant);
    set("AZURE_CLIENT_ID", principal.clientId);
    set("AZURE_CLIENT_SECRET", principal.secret);
  }
  if (caFile !== undefined) {
    screen.say("# whom to trust: Node.js, then OpenSSL and Go, then Python");
    for (const name of ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]) set(name, caFile);
  }
  screen.say("# Ctrl-C ends it and leaves nothing behind.");
}
