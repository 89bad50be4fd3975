import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeImds } from "../../test/support/azure/fake-imds.ts";
import { createLog } from "../base/log.ts";
import { readConfig } from "../base/options.ts";
import { Metadata } from "../tokens/metadata.ts";
import { demoOptions, demoTask } from "./options.ts";
import { demoRound } from "./round.ts";

const never = new AbortController().signal;
const group = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute";
const opened: AsyncDisposable[] = [];
let imds: FakeImds;

beforeEach(async () => {
  imds = await FakeImds.start();
  imds.put("client-1");
  imds.put(""); // what the pod has when it names none
  opened.push(imds);
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

/** A resource manager that lists these machines, for requests with a token, one a page. */
async function startArm(machines: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://arm");
    const names = machines[url.pathname];
    const isAllowed = request.headers.authorization?.startsWith("Bearer token-") === true;
    const page = Number(url.searchParams.get("page") ?? 0);
    const more = names !== undefined && page + 1 < names.length;
    const nextLink = more ? { nextLink: `http://${request.headers.host}${url.pathname}?page=${page + 1}` } : {};
    const value = (names ?? []).slice(page, page + 1).map((name) => ({ name }));
    response.writeHead(!isAllowed ? 401 : names === undefined ? 404 : 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ value, ...nextLink }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The messages of one round. */
async function round(...argv: readonly string[]): Promise<readonly string[]> {
  const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${imds.port}` };
  const { config } = readConfig("demo", demoOptions, argv, env);
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  await demoRound(demoTask(config), new Metadata(config.metadataUrl), log, never);
  expect(lines.join("")).not.toMatch(/token-\d/);
  return lines.map((line) => `${line[0]} ${line.slice(line.indexOf("] ") + 2).trim()}`);
}

const origin = () => `http://127.0.0.1:${imds.port}`;
const token = () => `${origin()}/metadata/identity/oauth2/token`;

describe("demo", () => {
  it("prints the walkthrough's lines", async () => {
    const arm = await startArm({ [`${group}/virtualMachineScaleSets`]: ["set-a", "set-b"] });
    const flags = ["--subscription-id=sub", "--resource-group=rg", "--identity-client-id=client-1"];
    expect(await round(...flags, `--arm-endpoint=${arm}`)).toEqual([
      `I curl -H Metadata:true "${origin()}/metadata/instance?api-version=2017-08-01": {"compute":{"name":"node-0"}}`,
      "I successfully listed VMSS instances from ARM via AAD Pod Identity: [set-a set-b]",
      `I successfully acquired a service principal token from ${token()}`,
      `I successfully acquired a service principal token from ${token()} using a user-assigned identity (client-1)`,
    ]);
  });

  it("prints the lines of older guides as well when it gets their flags", async () => {
    const arm = await startArm({
      [`${group}/virtualMachineScaleSets`]: [],
      [`${group}/virtualMachines`]: ["a", "b", "c"],
    });
    const flags = ["-subscriptionid", "sub", "-resourcegroup", "rg", "-clientid", "client-1"];
    expect(await round(...flags, `--arm-endpoint=${arm}/`)).toEqual([
      expect.stringMatching(/^I curl -H/),
      "I successfully made GET on instance metadata",
      "I successfully listed VMSS instances from ARM via AAD Pod Identity: []",
      "I successfully doARMOperations vm count 3",
      `I successfully acquired a service principal token from ${token()}`,
      `I successfully acquired a token using the MSI, msiEndpoint(${token()})`,
      `I successfully acquired a service principal token from ${token()} using a user-assigned identity (client-1)`,
      `I successfully acquired a token, userAssignedID MSI, msiEndpoint(${token()}) clientID(client-1)`,
    ]);
  });

  it("goes on after a step that failed, and says why it did", async () => {
    imds.remove("client-1");
    const lines = await round("--identity-client-id=client-1", "--subscription-id=s", "--resource-group=g");
    expect(lines.map((line) => line[0])).toEqual(["I", "E", "I", "E"]);
    expect(lines[3]).toMatch(
      /^E failed to acquire a token from IMDS using user-assigned identity, error: .*Identity not found/,
    );
  });

  it.each([
    { when: "refuses", arm: () => startArm({}), why: "Azure Resource Manager answered 404" },
    { when: "does not answer", arm: async () => "http://127.0.0.1:1", why: "does not answer: check --arm-endpoint" },
    { when: "is something else", arm: async () => `${origin()}/metadata/instance`, why: "answered 400" },
  ])("says what is wrong when the resource manager $when", async ({ arm, why }) => {
    const lines = await round("--subscription-id=sub", "--resource-group=rg", `--arm-endpoint=${await arm()}`);
    expect(lines[1]).toContain("E failed to list machines from ARM, error: ");
    expect(lines[1]).toContain(why);
  });

  it("takes its token to no other place, whatever a list links to", async () => {
    const server = createServer((_request, response) => {
      response.end(JSON.stringify({ value: [], nextLink: `${origin()}/metadata/elsewhere` }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const arm = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await round("--subscription-id=sub", "--resource-group=rg", `--arm-endpoint=${arm}`);
    expect(imds.requests.filter(({ target }) => target.includes("elsewhere"))).toEqual([]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("refuses an address that is none", () => {
    expect(() => new Metadata("169.254.169.254")).toThrow(expect.objectContaining({ code: "FLAG_INVALID" }));
  });
});
