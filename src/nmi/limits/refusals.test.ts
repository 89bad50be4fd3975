import { expect, it } from "vitest";
import { FakeBackend } from "../../../test/support/azure/fake-backend.ts";
import { identity } from "../../../test/support/make.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";
import { TokenCache } from "../../tokens/cache.ts";
import { Refusals } from "./refusals.ts";

const never = new AbortController().signal;

function setUp() {
  const clock = new FakeClock();
  const refusals = new Refusals({ clock });
  const backend = new FakeBackend(clock);
  const secret = { version: "1" };
  const versioned = {
    fetch: backend.fetch.bind(backend),
    key: backend.key.bind(backend),
    identityKey: backend.identityKey.bind(backend),
    version: async () => secret.version,
  };
  const cache = new TokenCache({ backends: { 0: versioned }, clock, refusals });
  const get = (podUid = "web") =>
    cache.get({ identity: identity("a"), resource: "vault", bypassCache: false, isJustAssigned: false, podUid }, never);
  return { clock, refusals, backend, secret, get };
}

async function refuse(refusals: Refusals, question: string, code: FaultCode = "ENTRA_REFUSED"): Promise<unknown> {
  const work = () => Promise.reject(new Fault(code, "no"));
  return await refusals.run("web", question, work).catch((reason) => reason);
}

it("asks again as soon as the Secret is another version", async () => {
  const { backend, secret, get } = setUp();
  backend.break(new Fault("ENTRA_REFUSED", "no"));
  await expect(get()).rejects.toThrow();
  await expect(get()).rejects.toThrow();
  expect(backend.fetches).toBe(1);
  backend.heal();
  secret.version = "2";
  await get();
});

it.each<FaultCode>([
  "ENTRA_UNREACHABLE",
  "ENTRA_THROTTLED",
  "LIMIT_REACHED",
  "CALLER_CHANGED",
  "CANCELLED",
  "UNEXPECTED",
])("keeps no %s", async (code) => {
  const { refusals } = setUp();
  await refuse(refusals, "q", code);
  expect(refusals.size).toBe(0);
});

it("keeps no refusal that something changed under meanwhile", async () => {
  const { refusals, backend, get } = setUp();
  backend.break(new Fault("ENTRA_REFUSED", "no"));
  const release = backend.hold();
  const refused = expect(get()).rejects.toThrow();
  await expect.poll(() => backend.under).toBe(1);
  refusals.drop("another");
  refusals.drop("web");
  release();
  await refused;
  expect(refusals.size).toBe(0);
});

it("keeps a refusal for who had it fetched, and not for who joined later", async () => {
  const { refusals, backend, get } = setUp();
  backend.break(new Fault("ENTRA_REFUSED", "no"));
  const release = backend.hold();
  const both = Promise.allSettled([get("web"), get("late")]);
  await expect.poll(() => backend.under).toBe(1);
  release();
  await both;
  expect(refusals.size).toBe(1);
});

it("keeps no refusals for longer than they count, whatever is asked", async () => {
  const { clock, refusals } = setUp();
  for (let i = 0; i < 100; i += 1) {
    await refuse(refusals, `question ${i}`);
    clock.advance(1000);
  }
  expect(refusals.size).toBe(10);
});
