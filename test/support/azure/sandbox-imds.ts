import { type ImdsOptions, startImds } from "../../../src/sandbox/azure/imds.ts";
import { SigningKey } from "../../../src/sandbox/azure/signing-key.ts";
import { createWorld } from "../../../src/sandbox/azure/world.ts";
import { FakeClock } from "../time/fake-clock.ts";

const key = await SigningKey.generate();

/** The sandbox's metadata service of the second instance of a scale set with one identity, and a guest that asks it. */
export async function sandboxImds(options: Partial<ImdsOptions> = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const world = await createWorld({ clock, key });
  const { id } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
  const wishes = { resourceGroup: "nodes", name: "pool", userAssigned: [id], tags: { team: "blue", cost: "42" } };
  const pool = world.createScaleSet({ ...wishes, instances: 2 });
  const instance = `${pool.id}/virtualMachines/1`;
  const imds = await startImds({ world, machine: instance, ...options });
  const call = async (path: string, body?: string) => {
    const sent = body === undefined ? {} : { method: "POST", body };
    const response = await fetch(`${imds.url}/metadata/${path}`, { headers: { metadata: "true" }, ...sent });
    const text = await response.text();
    return { status: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : undefined };
  };
  return { clock, world, imds, pool, instance, call, [Symbol.asyncDispose]: () => imds[Symbol.asyncDispose]() };
}
