import { beforeEach, describe, expect, it } from "vitest";
import { identity } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { readSecret } from "../api/secret.ts";
import { knownAuthorities } from "../azure/clouds.ts";
import { Fault } from "../base/fault.ts";
import { Governor, imdsLimits } from "./governor.ts";
import { imdsBackend } from "./imds.ts";
import { sendInTurn } from "./imds-turns.ts";
import { servicePrincipalBackend } from "./service-principal.ts";

const never = new AbortController().signal;
const PATIENCE_MS = 25_000;
/** As the clients' own limit for one answer. */
const HANGS_MS = 10_000;

let clock: FakeClock;
/** When each try would be given up at the latest. */
let ends: number[];

beforeEach(() => {
  clock = new FakeClock();
  clock.advance(0.4); // real ones count fractions, too
  ends = [];
});

/** A service that answers nobody; timers want whole milliseconds. */
async function hang(limitMs: number | undefined): Promise<never> {
  if (limitMs !== undefined && !Number.isInteger(limitMs)) throw new RangeError(`not whole: ${limitMs}`);
  const ms = Math.min(limitMs ?? Number.POSITIVE_INFINITY, HANGS_MS);
  ends.push(clock.monotonic() + ms);
  await clock.sleep(ms);
  throw new Fault("IMDS_UNREACHABLE", "no answer in time");
}

const turns = () => ({
  client: { send: (_request: unknown, _signal: unknown, limitMs?: number) => hang(limitMs) },
  governor: new Governor({ ...imdsLimits, clock }),
  clock,
});
const requestOf = (spec: object) => ({
  podUid: "uid",
  identity: identity("a", { spec }),
  resource: "vault",
  isJustAssigned: false,
});

describe("a service that hangs", () => {
  it.each([
    { service: "IMDS", fetch: () => imdsBackend({ ...turns(), userAgent: "test" }).fetch(requestOf({}), never) },
    { service: "Entra ID", fetch: () => ofPrincipal().fetch(requestOf(principal), never) },
  ])("$service is asked again, but not for longer than the caller waits", async ({ fetch }) => {
    await expect(clock.passUntil(fetch(), 250)).rejects.toMatchObject({ code: "IMDS_UNREACHABLE" });
    expect(ends.length).toBeGreaterThan(1);
    expect(Math.max(...ends)).toBeLessThanOrEqual(PATIENCE_MS + 1);
  });

  it("has a call for somebody else end with its caller's patience, too, however late its turn came", async () => {
    const options = turns();
    options.governor.pause(20_000);
    const call = sendInTurn({ method: "GET", target: "/metadata/instance", headers: {} }, "pod", options, never);
    await expect(clock.passUntil(call, 250)).rejects.toMatchObject({ code: "IMDS_UNREACHABLE" });
    expect(ends.map(Math.floor)).toEqual([PATIENCE_MS]);
  });
});

const principal = { type: 1, clientID: "app", tenantID: "t", clientPassword: { name: "sp", namespace: "default" } };

function ofPrincipal() {
  const secret = readSecret({
    metadata: { name: "sp", namespace: "default", uid: "u", resourceVersion: "1" },
    data: {},
  });
  return servicePrincipalBackend({
    secrets: { read: async () => secret, version: async () => "1" },
    client: { post: (_url, _form, _signal, limitMs) => hang(limitMs) },
    readProver: async () => () => ({ fields: {}, confidential: [] }),
    authorities: knownAuthorities,
    isSecretAnywhere: false,
    clock,
  });
}
