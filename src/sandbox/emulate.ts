import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import { accessToken } from "./azure/access-token.ts";
import { startArm } from "./azure/arm.ts";
import { startEntra } from "./azure/entra.ts";
import { readFaultRule } from "./azure/fault-rule.ts";
import { startImds } from "./azure/imds.ts";
import { operations } from "./azure/operations.ts";
import type { ServicePrincipal } from "./azure/service-principals.ts";
import { createWorld, type UserAssignedIdentity, type World } from "./azure/world.ts";
import { createAuthority, type ServerCertificate } from "./certificates.ts";
import { newFolder } from "./folder.ts";

export type EmulatedService = "imds" | "arm" | "entra";
export type EmulateOptions = {
  /** They share one Azure: what one is told, the others know. */
  readonly services: readonly EmulatedService[];
  readonly host: string;
  /** 0 takes a free port. */
  readonly ports: Readonly<Record<EmulatedService, number>>;
  /** Plain HTTP in place of TLS by a throw-away authority; IMDS has no TLS anyway. */
  readonly isPlain: boolean;
  /** Names of the user-assigned identities that are on the machine from the start. */
  readonly identities: readonly string[];
  readonly systemAssigned: boolean;
  /** Whether the documented limits on calls hold. */
  readonly isLimited: boolean;
  /** Whether Resource Manager asks for role assignments; the service principal is an owner of the subscription then. */
  readonly hasRoles: boolean;
  /** How long a change of a machine takes. */
  readonly operationMs: number;
  /** How long IMDS says at first that it is being updated. */
  readonly updatingMs: number;
  /** Rules of trouble, as `readFaultRule` takes them. */
  readonly faults: readonly string[];
  /** Hears of each request, and what became of it. */
  readonly log: Log;
};
/** Emulators that run. Disposing of them leaves nothing behind. */
export type Emulators = AsyncDisposable & {
  readonly urls: Partial<Readonly<Record<EmulatedService, string>>>;
  readonly subscription: string;
  readonly machineId: string;
  readonly identities: readonly UserAssignedIdentity[];
  readonly principal: ServicePrincipal;
  /** A token that Resource Manager takes, for a day. */
  readonly armToken: string;
  /** The authority behind the TLS certificates; undefined where there is no TLS. */
  readonly caFile: string | undefined;
};

/** What a rule of trouble begins with. */
export const faultPlaces: readonly string[] = operations.map((operation) => `${operation}=`);

const GROUP = "emulated";
const OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const DAY_SECONDS = 86_400;

/**
 * Starts emulators of Azure's services alone, around one VM, one service principal and some identities.
 * @throws Fault FLAG_INVALID, PORT_IN_USE or ADDRESS_UNAVAILABLE; nothing is left behind then
 */
export async function startEmulators(options: EmulateOptions): Promise<Emulators> {
  const rules = options.faults.map((text) => readFaultRule(text, options.services));
  const world = await createWorld();
  for (const rule of rules) world.traffic.inject(rule);
  const identities = options.identities.map((name) => world.createIdentity({ resourceGroup: GROUP, name }));
  const userAssigned = identities.map(({ id }) => id);
  const { systemAssigned } = options;
  const machine = world.createVm({ resourceGroup: GROUP, name: "vm-0", userAssigned, systemAssigned });
  const principal = world.createServicePrincipal();
  const owner = { name: randomUUID(), scope: `/subscriptions/${world.subscription}`, roleId: OWNER };
  world.roles.assign({ ...owner, principalId: principal.principalId });
  world.roles.isEnforced = options.hasRoles;
  const audience = "https://management.azure.com/";
  const { token: armToken } = accessToken(world, { ...principal, audience, lifetimeSeconds: DAY_SECONDS });
  const stack = new AsyncDisposableStack();
  try {
    const started = await start(stack, options, world, machine.id);
    const facts = { subscription: world.subscription, machineId: machine.id, identities, principal, armToken };
    return { ...facts, ...started, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (reason) {
    await stack.disposeAsync();
    throw reason;
  }
}

async function start(stack: AsyncDisposableStack, options: EmulateOptions, world: World, machine: string) {
  const { services, host, ports, isLimited, operationMs, log } = options;
  const needsTls = !options.isPlain && services.some((one) => one !== "imds");
  const secured = needsTls ? await secure(stack, options) : undefined;
  const tls = secured && { tls: secured.tls };
  const urls: Partial<Record<EmulatedService, string>> = {};
  for (const service of new Set(services)) {
    const control = { controls: services, log: log.named(service) };
    const place = { world, host, port: ports[service], flag: `${service}-port`, ...control };
    if (service === "imds") {
      const imds = stack.use(await startImds({ ...place, machine, isLimited }));
      imds.gate.updateFor(options.updatingMs);
      urls.imds = imds.url;
    }
    if (service === "arm") urls.arm = stack.use(await startArm({ ...place, ...tls, operationMs, isLimited })).url;
    if (service === "entra") urls.entra = stack.use(await startEntra({ ...place, ...tls })).url;
  }
  return { urls, caFile: secured?.caFile };
}

/** Only the authority's certificate is in a file, so that clients can be told whom to trust; a guard removes it. */
async function secure(
  stack: AsyncDisposableStack,
  { host, log }: EmulateOptions,
): Promise<{ readonly tls: ServerCertificate; readonly caFile: string }> {
  const { folder } = await newFolder(stack, log);
  const authority = await createAuthority();
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, authority.caPem);
  return { tls: await authority.serverCertificate([host]), caFile };
}
