import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube-api/server.ts";
import type { ControlPlaneAddress } from "./control-plane.ts";
import { type Ask, ask, normal, type RawApi, type Told } from "./same-api.ts";

/** Sends the requests, one after the other, to both API servers; the answers to the last must be the same. */
export type ExpectSame = (asks: readonly Ask[]) => Promise<void>;

/** The real server hears of a new role a moment after it has it. */
const LATEST_MS = 3_000;
const MOST_TRIES = 250;

export type Around = {
  /** Sent to both before the first test. */
  readonly before?: readonly Ask[];
  /** Paths of what is taken away from the real server after each test, and after the last one. */
  readonly afterEach?: readonly string[];
  readonly after?: readonly string[];
};

/**
 * Gives the embedded API server and the real one to the tests of a file; each test has a namespace in both.
 */
export function twoApis(shared: ControlPlaneAddress, around: Around = {}): ExpectSame {
  let embedded: KubeApi;
  beforeAll(async () => {
    embedded = await startKubeApi({ tokens: new Map([["admin's", "admin-token"]]) });
    await Promise.all([mine(), real].map((api) => answers(api, "default", around.before ?? [])));
  });
  afterAll(async () => {
    for (const path of around.after ?? []) await ask(real, { method: "DELETE", path });
    await embedded?.[Symbol.asyncDispose]();
  });
  const mine = (): RawApi => ({ url: embedded.url, token: "admin's" });
  const real: RawApi = { url: shared.server, ca: shared.ca, token: shared.token };

  return async (asks) => {
    const namespace = `same-${randomBytes(4).toString("hex")}`;
    const [got, wanted] = await Promise.all([mine(), real].map((api) => answers(api, namespace, asks)));
    const right = await settled(real, namespace, asks.at(-1), wanted, got);
    for (const path of around.afterEach ?? []) await ask(real, inNamespace({ method: "DELETE", path }, namespace));
    expect(got).toEqual(right);
  };
}

/** The real server's answer, asked for again while its message is another than the embedded one's. */
async function settled(
  real: RawApi,
  namespace: string,
  last: Ask | undefined,
  first: Told | undefined,
  got: Told | undefined,
): Promise<Told | undefined> {
  const until = Date.now() + LATEST_MS;
  let wanted = first;
  while (last !== undefined && Date.now() < until && !isDeepStrictEqual(wanted, got)) {
    await setTimeout(20);
    wanted = await answers(real, namespace, [last]);
  }
  return isDeepStrictEqual(wanted, got) ? wanted : first;
}

async function answers(api: RawApi, namespace: string, asks: readonly Ask[]): Promise<Told> {
  const home = { path: "/api/v1/namespaces", body: { metadata: { name: namespace } } };
  let last = await ask(api, home);
  for (const each of asks) {
    last = await ask(api, inNamespace(each, namespace));
    for (let i = 0; each.isAwaited && last.code !== 200 && i < MOST_TRIES; i += 1) {
      await setTimeout(20);
      last = await ask(api, inNamespace(each, namespace));
    }
  }
  return { ...last, body: normal(last.body, namespace) };
}

function inNamespace({ path, body, headers, ...rest }: Ask, namespace: string): Ask {
  const put = (text: string) => text.replaceAll("NS", namespace);
  return {
    ...rest,
    path: put(path),
    ...(body !== undefined && { body: typeof body === "string" ? put(body) : JSON.parse(put(JSON.stringify(body))) }),
    ...(headers !== undefined && { headers: JSON.parse(put(JSON.stringify(headers))) }),
  };
}
