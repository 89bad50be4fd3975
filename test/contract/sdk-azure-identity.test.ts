import { ManagedIdentityCredential } from "@azure/identity";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Listener } from "../../src/base/listener.ts";
import { route } from "../../src/nmi/routes/routes.ts";
import { serve } from "../../src/nmi/server/server.ts";
import { FakeImds } from "../support/azure/fake-imds.ts";
import { assignment, binding, identity, identityId, pod } from "../support/make.ts";
import { type NmiNode, nmiNode } from "../support/nmi/node.ts";

// The test itself is the pod: its connections come from loopback.
const web = pod("web", { status: { podIP: "127.0.0.1" } });
const reader = identity("reader", { spec: { clientID: "0b1f2c3d-1111-4222-8333-444455556666" } });

describe("@azure/identity gets tokens from NMI", () => {
  // The SDK keeps address and tokens for as long as the process lives: one server, and a resource for each test.
  let imds: FakeImds;
  let node: NmiNode;
  let server: Listener;
  let tests = 0;
  let scope = "";

  beforeAll(async () => {
    server = await serve({ host: "127.0.0.1", port: 0, answer: (request) => route(request, node.ports) });
    vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", `http://127.0.0.1:${server.port}`);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    tests += 1;
    scope = `https://resource-${tests}.azure.net/.default`;
    imds = await FakeImds.start();
    const patience = { attemptsForCreated: 10, attemptsForAssigned: 10, intervalSeconds: 1 };
    node = nmiNode({ imds, patience });
  });
  afterEach(() => imds[Symbol.asyncDispose]());

  it.each([
    { when: "without a name", credential: () => new ManagedIdentityCredential() },
    { when: "by client ID", credential: () => new ManagedIdentityCredential({ clientId: reader.clientId }) },
    { when: "by resource ID", credential: () => new ManagedIdentityCredential({ resourceId: identityId("reader") }) },
  ])("$when", async ({ credential }) => {
    node.bind(web, reader);
    const token = await credential().getToken(scope);
    expect(token.token).toBe(`token-1-of-${reader.clientId}`);
    expect(token.expiresOnTimestamp).toBeGreaterThan(Date.now() + 86_000_000);
    expect(imds.tokenRequests.map((query) => query.get("client_id"))).toEqual([reader.clientId]);
  });

  it("when the identity is assigned only while it asks", async () => {
    node.bind(web, reader, "Created");
    const idle = node.pods.listeners;
    const token = new ManagedIdentityCredential().getToken(scope);
    await expect.poll(() => node.pods.listeners).toBe(idle + 1);
    const bound = binding("reader", { spec: { selector: "demo" } });
    node.assignments.put(assignment({ pod: web, identity: reader, binding: bound }));
    expect((await token).token).toBe(`token-1-of-${reader.clientId}`);
  });

  it("after trouble at IMDS that passes", async () => {
    node.bind(web, reader);
    imds.failNext({ status: 500 }, "hangUp");
    expect((await new ManagedIdentityCredential().getToken(scope)).token).toBe(`token-3-of-${reader.clientId}`);
  });

  it("or is told why not, at once when waiting would not help", async () => {
    node.bind(web, identity("app", { spec: { type: 1, clientID: "0b1f2c3d-2222-4222-8333-444455556666" } }));
    const result = new ManagedIdentityCredential().getToken(scope);
    await expect(result).rejects.toThrow(/unsupported identity type 1/);
  });
});
