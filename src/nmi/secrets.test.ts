import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import type { Kind } from "../api/kinds.ts";
import { Fault, type FaultCode } from "../base/fault.ts";
import { LiveSecrets } from "./secrets.ts";

const never = new AbortController().signal;
const ref = { namespace: "default", name: "sp" };

let clock: FakeClock;
/** What the API server answers, now or later. */
let answer: () => unknown;
let looks: string[];
let failures: number;
let secrets: LiveSecrets;

const object = (resourceVersion: string, uid = "u") => ({
  metadata: { ...ref, uid, resourceVersion },
  data: { clientSecret: "aHVzaA==" },
});
const refuse = (code: FaultCode) => () => {
  throw new Fault(code, "hush: said by the API server at https://10.0.0.1");
};

beforeEach(() => {
  clock = new FakeClock();
  answer = () => object("1");
  [looks, failures] = [[], 0];
  const get = async (kind: Kind, { namespace, name }: typeof ref, signal: AbortSignal) => {
    looks.push(`${kind.plural} ${namespace}/${name}`);
    signal.throwIfAborted();
    return answer();
  };
  secrets = new LiveSecrets({
    client: { get },
    clock,
    onFailed: () => {
      failures += 1;
    },
  });
});

const version = () => secrets.version(ref, never);

describe("a Secret", () => {
  it("is looked at once for all who ask within a second of the beginning, and again after", async () => {
    expect(await Promise.all([version(), version()])).toEqual(["u 1", "u 1"]);
    clock.advance(999);
    await version();
    expect(looks).toEqual(["secrets default/sp"]);
    answer = () => object("2");
    clock.advance(1);
    expect(await version()).toBe("u 2");
  });

  it("of a slow API server is looked at anew by those who come later than a second", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    answer = () => promise;
    const early = version();
    clock.advance(1000);
    answer = () => object("2");
    expect(await version()).toBe("u 2");
    resolve(object("1"));
    expect(await early).toBe("u 1");
  });

  it("is another one when it was made anew", async () => {
    await version();
    clock.advance(1000);
    answer = () => object("1", "another");
    expect(await version()).toBe("another 1");
  });

  it("has a waiter that leaves, and others that stay", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    answer = () => promise;
    const leaving = new AbortController();
    const [left, stays] = [secrets.read(ref, leaving.signal), version()];
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    resolve(object("1"));
    expect(await stays).toBe("u 1");
  });
});

describe("a Secret that cannot be read", () => {
  it.each<{ code: FaultCode; says: string }>([
    { code: "KUBE_NOT_FOUND", says: "there is none, create it or correct spec.clientPassword" },
    {
      code: "KUBE_FORBIDDEN",
      says: 'NMI may not read it, grant "get" on secrets in namespace default to NMI\'s account',
    },
  ])("for $code is refused, whatever was known of it", async ({ code, says }) => {
    await version();
    clock.advance(1000);
    answer = refuse(code);
    const message = `failed to get Kubernetes secret default/sp: ${says}`;
    await expect(version()).rejects.toMatchObject({ code: "SECRET_MISSING", message });
    clock.advance(1000);
    answer = refuse("KUBE_UNREACHABLE");
    await expect(version()).rejects.toMatchObject({ code: "SECRET_UNREADABLE" });
    expect(failures).toBe(2);
  });

  it.each<FaultCode>(["KUBE_UNREACHABLE", "KUBE_ERROR", "KUBE_THROTTLED", "KUBE_UNAUTHORIZED"])(
    "for %s keeps its last version, but gives no content",
    async (code) => {
      await version();
      clock.advance(1000);
      answer = refuse(code);
      expect(await version()).toBe("u 1");
      const message = "failed to get Kubernetes secret default/sp: the API server is away";
      await expect(secrets.read(ref, never)).rejects.toMatchObject({ code: "SECRET_UNREADABLE", message });
      clock.advance(1000);
      answer = () => object("2");
      expect(await version()).toBe("u 2");
    },
  );

  it("because the API server is silent is given up", async () => {
    const silent = new LiveSecrets({
      client: {
        get: (_kind, _ref, signal) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      },
      clock,
      timeLimitMs: 10,
    });
    await expect(silent.read(ref, never)).rejects.toMatchObject({ code: "SECRET_UNREADABLE" });
  });

  it("because it is none quotes nothing", async () => {
    answer = () => ({ metadata: ref, data: { clientSecret: ["hush"] } });
    const reading = version();
    await expect(reading).rejects.toMatchObject({ code: "SECRET_INVALID" });
    await expect(reading).rejects.not.toThrow(/hush/);
  });
});
