import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PrincipalWorld, principalWorld } from "../support/azure/principal-world.ts";
import { identityId } from "../support/make.ts";
import { eventually } from "../support/time/eventually.ts";
import { TokenAsker } from "../support/token-asker.ts";

const group = "/apis/aadpodidentity.k8s.io/v1/namespaces/default";
/** What NMI waits for what might come. */
const hasty = [
  ...["--retry-attempts-for-created=1", "--retry-attempts-for-assigned=1"],
  "--find-identity-retry-interval=1",
];
/** A watch tells at once; a busy machine may not. */
const WATCHED_MS = 2000;
/** NMI asks for a Secret once a second. */
const ASKED_MS = WATCHED_MS + 1000;

type Row = { readonly what: string; readonly at: (name: string) => string; readonly withinMs: number };

/** How soon it counts that an object was deleted. */
export function nmiDeletions(): void {
  describe("no pod gets a token, from the cache or on a connection that it keeps, after somebody deletes its", () => {
    let world: PrincipalWorld;
    beforeAll(async () => {
      world = await principalWorld(hasty);
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const pathOf = (more = "") =>
      `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net${more}`;

    /** Two clients of a pod that have had a token each when this is back. */
    async function askers(
      from: string,
      more?: string,
    ): Promise<{ readonly all: readonly TokenAsker[] } & AsyncDisposable> {
      const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(world.nmi.output())?.[1]);
      const stack = new AsyncDisposableStack();
      await eventually(async () => (await world.ask(from)).status).toBe(200);
      const all = [true, false].map((isKept) => stack.use(new TokenAsker({ port, from, path: pathOf(more), isKept })));
      await eventually(() => all.every(({ answers }) => answers.length > 3)).toBe(true);
      return { all, [Symbol.asyncDispose]: () => stack.disposeAsync() };
    }

    /** Deletes an object, and gives how long after that the last token was asked for. */
    async function lastTokenMs(all: readonly TokenAsker[], path: string): Promise<number> {
      const { code } = await world.kube.call("DELETE", path);
      if (code !== undefined && code !== 200) throw new Error(`DELETE ${path}: ${code}`);
      const deletedAt = performance.now();
      await eventually(() => all.every(({ statuses }) => statuses.length > 1)).toBe(true);
      await pause(500); // nothing may come later either
      const granted = all.flatMap(({ answers }) => answers.filter(({ status }) => status === 200));
      return Math.max(...granted.map(({ sentAt }) => sentAt)) - deletedAt;
    }

    const rows: readonly Row[] = [
      { what: "AzureIdentity", at: (name) => `${group}/azureidentities/${name}`, withinMs: WATCHED_MS },
      { what: "AzureIdentityBinding", at: (name) => `${group}/azureidentitybindings/${name}`, withinMs: WATCHED_MS },
      {
        what: "AzureAssignedIdentity",
        at: (name) => `${group}/azureassignedidentities/${name}-default-${name}`,
        withinMs: WATCHED_MS,
      },
    ];

    it.each(rows)("$what", async ({ what, at, withinMs }) => {
      const name = `of-${what.toLowerCase()}`;
      world.imds.put(`client-of-${name}`, identityId(name));
      const spec = { type: 0, resourceID: identityId(name), clientID: `client-of-${name}` };
      await using clients = await askers(await world.bind(name, spec));

      expect(await lastTokenMs(clients.all, at(name))).toBeLessThan(withinMs);

      for (const one of clients.all) expect(one.statuses).toEqual([200, 404]);
      expectKept(clients.all);
      expectOneToken(clients.all);
    });

    it("Secret", async () => {
      const { tenant, clientId, secret } = world.azure.createServicePrincipal();
      await world.putSecret("sp", { clientSecret: secret });
      const spec = { type: 1, clientID: clientId, tenantID: tenant, adEndpoint: world.entra };
      const address = await world.bind("sp", { ...spec, clientPassword: { name: "sp", namespace: "default" } });
      await using clients = await askers(address);

      expect(await lastTokenMs(clients.all, "/api/v1/namespaces/default/secrets/sp")).toBeLessThan(ASKED_MS);

      for (const one of clients.all) expect(one.statuses).toEqual([200, 403]);
      expectKept(clients.all);
      expectOneToken(clients.all);
    });

    it("AzurePodIdentityException", async () => {
      await world.create("AzurePodIdentityException", "excepted", { podLabels: { app: "excepted" } });
      const address = "127.78.0.1";
      world.imds.put("any-client");
      await world.createPod("excepted", address, { app: "excepted" });
      await using clients = await askers(address, "&client_id=any-client");

      const at = `${group}/azurepodidentityexceptions/excepted`;
      expect(await lastTokenMs(clients.all, at)).toBeLessThan(WATCHED_MS);

      for (const one of clients.all) expect(one.statuses).toEqual([200, 404]);
      expectKept(clients.all);
    });
  });
}

/** The refusal came on the connection that tokens came on. */
function expectKept([kept]: readonly TokenAsker[]): void {
  expect(new Set(kept?.answers.map(({ localPort }) => localPort)).size).toBe(1);
}

/** All that they got was one token, fetched once. */
function expectOneToken(all: readonly TokenAsker[]): void {
  const granted = all.flatMap(({ answers }) => answers.filter(({ status }) => status === 200));
  expect(new Set(granted.map(({ accessToken }) => accessToken)).size).toBe(1);
}
