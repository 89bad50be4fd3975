import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { type KubeApi, startKubeApi } from "../../src/sandbox/kube-api/server.ts";
import type { ControlPlaneAddress } from "./control-plane.ts";
import { type Ask, ask, normal, type RawApi, type Told } from "./same-api.ts";

/** Sends the requests, one after the other, to both API servers; the answers to the last must be the same. */
export type ExpectSame = (asks: readonly Ask[]) => Promise<void>;

/** The real server hears of a new role a moment after it has it. */
const LATEST_MS = 3_000;

/** Gives the embedded API server and the real one to the tests of a file; each test has a namespace in both. */
export function twoApis(shared: ControlPlaneAddress): ExpectSame {
  let embedded: KubeApi;
  beforeAll(async () => {
    embedded = await startKubeApi({ tokens: new Map([["admin's", "admin-token"]]) });
  });
  afterAll(() => embedded?.[Symbol.asyncDispose]());
  const real: RawApi = { url: shared.server, ca: shared.ca, token: shared.token };

  return async (asks) => {
    const namespace = `same-${randomBytes(4).toString("hex")}`;
    const [got, wanted] = await Promise.all(
      [{ url: embedded.url, token: "admin's" }, real].map((api) => answers(api, namespace, asks)),
    );
    expect(got).toEqual(await settled(real, namespace, asks.at(-1), wanted, got));
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
  for (const each of asks) last = await ask(api, inNamespace(each, namespace));
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
