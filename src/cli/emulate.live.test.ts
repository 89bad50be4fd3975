import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const program = join(import.meta.dirname, "../bin/podid.ts");
const LAST_LINE = "Ctrl-C ends it";

/** `podid emulate` as a process: what it exports once it runs, or how it ended. */
async function emulate(...words: readonly string[]) {
  const child = spawn(process.execPath, [program, "emulate", ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  const said = { stdout: "", stderr: "" };
  const output = () => said.stdout + said.stderr;
  const isUp = new Promise<void>((resolve) => {
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        said[stream] += text;
        if (output().includes(LAST_LINE)) resolve();
      });
    }
  });
  await Promise.race([isUp, ended]);
  const exported = Object.fromEntries(
    [...said.stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return { child, ended, said, output, exported, [Symbol.asyncDispose]: stop };
}

it("runs one service alone, makes the trouble that it was told to, and ends by Ctrl-C", async () => {
  await using imds = await emulate("imds", "--fault", "imds.token=error:503,times=1", "--identities=first,second");
  const [, clientId = ""] = /# identity second: client ID (\S+)/.exec(imds.output()) ?? [];
  const query = new URLSearchParams({ "api-version": "2018-02-01", resource: "https://x", client_id: clientId });
  const url = `${imds.exported.AZURE_POD_IDENTITY_AUTHORITY_HOST}/metadata/identity/oauth2/token?${query}`;
  const ask = async () => {
    const response = await fetch(url, { headers: { metadata: "true" } });
    return { status: response.status, json: await response.json() };
  };

  expect((await ask()).status).toBe(503);
  expect(await ask()).toMatchObject({ status: 200, json: { client_id: clientId } });
  const control = `${imds.exported.AZURE_POD_IDENTITY_AUTHORITY_HOST}/.podid/faults`;
  await fetch(control, { method: "POST", body: "imds.token=error:418" });
  expect((await ask()).status).toBe(418);
  expect(Object.keys(imds.exported)).toEqual(["AZURE_POD_IDENTITY_AUTHORITY_HOST"]);
  imds.child.kill("SIGINT");
  expect(await imds.ended).toBe(0);
});

it("runs several around one Azure, and leaves no file behind even when it is killed", async () => {
  await using azure = await emulate("entra", "arm", "imds", "--system-assigned");
  const { exported } = azure;
  const folder = dirname(exported.NODE_EXTRA_CA_CERTS ?? "");
  expect(existsSync(folder)).toBe(true);
  const url = `${exported.AZURE_POD_IDENTITY_AUTHORITY_HOST}/metadata/identity/info`;
  const { tenantId } = (await (await fetch(url, { headers: { metadata: "true" } })).json()) as { tenantId: string };
  expect(tenantId).toBe(exported.AZURE_TENANT_ID);

  azure.child.kill("SIGKILL");
  expect(await azure.ended).toBe("SIGKILL");
  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
});

it("by plain HTTP needs no file, and its token is an owner's at a Resource Manager that asks for roles", async () => {
  await using arm = await emulate("arm", "--http", "--roles");
  const { ARM_ENDPOINT, ARM_SUBSCRIPTION_ID, ARM_TOKEN } = arm.exported;
  const vm = `${ARM_ENDPOINT}/subscriptions/${ARM_SUBSCRIPTION_ID}/resourceGroups/emulated/providers/Microsoft.Compute/virtualMachines/vm-0`;
  const response = await fetch(`${vm}?api-version=2024-07-01`, { headers: { authorization: `Bearer ${ARM_TOKEN}` } });
  expect(await response.json()).toMatchObject({ name: "vm-0", identity: { type: "UserAssigned" } });
  expect(arm.output()).not.toContain("NODE_EXTRA_CA_CERTS");
});

it("tells each request on standard error, and why it was refused, without what is secret", async () => {
  const options = ["--http", "--fault", "imds.versions=drop"];
  await using azure = await emulate("imds", "arm", "entra", ...options);
  const before = azure.said.stdout;
  const { AZURE_POD_IDENTITY_AUTHORITY_HOST: imds, AZURE_AUTHORITY_HOST: entra, ARM_ENDPOINT: arm } = azure.exported;
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID = "", AZURE_CLIENT_SECRET = "" } = azure.exported;
  const ask = async (url: string, init: RequestInit = {}) => await (await fetch(url, init)).text();
  const signIn = (secret: string) => {
    const form = { grant_type: "client_credentials", client_id: AZURE_CLIENT_ID, resource: "https://x" };
    return ask(`${entra}/${tenant}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({ ...form, client_secret: secret }),
    });
  };
  const token = `${imds}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net`;
  await ask(`${token}&client_secret=mine`);
  const given = JSON.parse(await ask(token, { headers: { metadata: "true" } }));
  await expect(ask(`${imds}/metadata/versions`)).rejects.toThrow("fetch failed");
  await signIn("wrong-secret");
  const signedIn = JSON.parse(await signIn(AZURE_CLIENT_SECRET));
  await ask(`${arm}/x`, { headers: { authorization: `Bearer ${azure.exported.ARM_TOKEN}` } });

  const path =
    'method="GET" path="/metadata/identity/oauth2/token" api-version="2018-02-01" resource="https://vault.azure.net"';
  const form = `method="POST" path="/${tenant}/oauth2/token" client_id="${AZURE_CLIENT_ID}" resource="https://x" grant_type="client_credentials"`;
  await expect
    .poll(() =>
      azure.said.stderr
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/^(.)\S+ \S+ +\d+ /, "$1 ")),
    )
    .toEqual([
      `W imds] refused status=400 reason="Required metadata header not specified" ${path}`,
      `I imds] answered status=200 ${path}`,
      'W imds] closed without an answer reason="imds.versions: told to close the connection" method="GET" path="/metadata/versions"',
      expect.stringMatching(/^W entra\] refused status=401 reason="Invalid client secret provided\. .*/),
      `I entra] answered status=200 ${form}`,
      'W arm] refused status=501 reason="This emulator of Azure Resource Manager does not know GET /x." method="GET" path="/x"',
    ]);
  for (const secret of ["mine", "wrong-secret", AZURE_CLIENT_SECRET, given.access_token, signedIn.access_token])
    expect(azure.said.stderr).not.toContain(secret);
  expect(azure.said.stdout).toBe(before);
});

it("says which flag to change when a port is taken, and exits 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await using imds = await emulate("imds", `--imds-port=${port}`);
  expect(await imds.ended).toBe(1);
  expect(imds.output()).toContain("--imds-port");
  other.close();
});
