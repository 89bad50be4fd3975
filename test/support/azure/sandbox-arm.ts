import { accessToken } from "../../../src/sandbox/azure/access-token.ts";
import { startArm } from "../../../src/sandbox/azure/arm.ts";
import { SigningKey } from "../../../src/sandbox/azure/signing-key.ts";
import { createWorld, type World } from "../../../src/sandbox/azure/world.ts";
import { FakeClock } from "../time/fake-clock.ts";

const key = await SigningKey.generate();
export const VERSION = "api-version=2019-12-01";
/** The path of the VM `vm-0` in the resource group `nodes`. */
export const vmPath = `/subscriptions/sub/resourceGroups/nodes/providers/Microsoft.Compute/virtualMachines/vm-0?${VERSION}`;

type Change = {
  readonly method?: string;
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The sandbox's Resource Manager, and a caller whose token it takes. */
export async function sandboxArm(options: { readonly operationMs?: number; readonly isLimited?: boolean } = {}) {
  const clock = new FakeClock();
  const world = await createWorld({ clock, key, subscription: "sub" });
  const arm = await startArm({ world, ...options });
  const call = async (path: string, { method = "GET", body, token = tokenFor(world), headers = {} }: Change = {}) => {
    const response = await fetch(path.startsWith("http") ? path : `${arm.url}${path}`, {
      method,
      headers: { ...headers, ...(token === "" ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, json: text === "" ? undefined : JSON.parse(text) };
  };
  return { clock, world, arm, call, [Symbol.asyncDispose]: () => arm[Symbol.asyncDispose]() };
}

function tokenFor(world: World): string {
  const principal = { tenant: world.tenant, clientId: "client", principalId: "principal" };
  return accessToken(world, { ...principal, audience: "https://management.azure.com/", lifetimeSeconds: 3600 }).token;
}
