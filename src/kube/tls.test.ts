import { readFileSync } from "node:fs";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { log } from "../../test/support/kube/client-of.ts";
import { kinds } from "../api/kinds.ts";
import type { Credentials } from "./access.ts";
import { KubeClient } from "./client.ts";

const pem = (name: string) =>
  readFileSync(new URL(`../../test/support/certificates/${name}.pem`, import.meta.url), "utf8");
/** Each signed by itself, so that it is its own authority; certificate and key are in one text. */
const server = pem("api-server");
const client = pem("ec");
/** What its certificate says. */
const SERVER = "api.test";

/** A server over TLS that is asked with these credentials, each by one request; tells of connections. */
async function asking(options: ServerOptions, tlsServerName: string, all: readonly Credentials[]) {
  const seen = { connections: 0 };
  const listening = createServer({ cert: server, key: server, ...options }, (_, response) => response.end("{}"));
  listening.on("secureConnection", () => {
    seen.connections += 1;
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = `https://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const given = [...all];
  const access = { server: address, tlsServerName, credentials: async () => given.shift() ?? {} };
  const asker = new KubeClient(access, { userAgent: "test/1", log });
  onTestFinished(async () => {
    await asker[Symbol.asyncDispose]();
    await new Promise((resolve) => listening.close(resolve).closeAllConnections());
  });
  const outcomes: string[] = [];
  for (const _ of all) {
    const asked = asker.get(kinds.pod, { namespace: "ns", name: "a" }, new AbortController().signal);
    outcomes.push(
      await asked.then(
        () => "answered",
        (reason) => reason.code,
      ),
    );
  }
  return { outcomes, ...seen };
}

it.each([
  { who: "its authority is trusted", credentials: { ca: server }, outcome: "answered" },
  { who: "nobody is asked to trust it", credentials: { ca: client, insecure: true }, outcome: "answered" },
  { who: "another authority is trusted", credentials: { ca: client }, outcome: "KUBE_UNREACHABLE" },
  { who: "only the authorities that all trust are", credentials: {}, outcome: "KUBE_UNREACHABLE" },
  { who: "it has another name", name: "other.test", credentials: { ca: server }, outcome: "KUBE_UNREACHABLE" },
])("an API server is $outcome where $who", async ({ credentials, name = SERVER, outcome }) => {
  expect((await asking({}, name, [credentials])).outcomes).toEqual([outcome]);
});

it.each([
  { what: "its certificate", credentials: { cert: client, key: client }, outcome: "answered" },
  { what: "no certificate", credentials: {}, outcome: "KUBE_UNREACHABLE" },
])("a client that shows $what is $outcome where one is asked for", async ({ credentials, outcome }) => {
  const strict = { requestCert: true, rejectUnauthorized: true, ca: client };
  expect((await asking(strict, SERVER, [{ ca: server, ...credentials }])).outcomes).toEqual([outcome]);
});

it("connections are kept as before once credentials fit each other again, which in the middle of a rotation they may not", async () => {
  const good = { ca: server, cert: client, key: client };
  const { outcomes, connections } = await asking({}, SERVER, [good, { ...good, key: server }, good, good]);
  expect(outcomes).toEqual(["answered", "KUBE_UNREACHABLE", "answered", "answered"]);
  expect(connections).toBe(2); // an error closes those that are idle
});
