import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../test/support/time/eventually.ts";
import { createLog } from "../base/log.ts";
import { startArm } from "../sandbox/azure/arm.ts";
import { startEntra } from "../sandbox/azure/entra.ts";
import type { ServicePrincipal } from "../sandbox/azure/service-principals.ts";
import { createWorld } from "../sandbox/azure/world.ts";
import { createAuthority } from "../sandbox/certificates.ts";
import type { AzureAccess } from "./azure-access.ts";
import { CloudSource } from "./cloud-source.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloud-source-live-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A cloud of one's own that azure.json and an endpoints file lead to; the file is looked at 50 times a second. */
async function azure() {
  const world = await createWorld();
  const authority = await createAuthority();
  const tls = await authority.serverCertificate();
  const entra = await startEntra({ world, tls });
  const arm = await startArm({ world, tls });
  const [file, endpoints] = [join(folder, `${crypto.randomUUID()}.json`), join(folder, `${crypto.randomUUID()}.json`)];
  await writeFile(
    endpoints,
    JSON.stringify({ resourceManagerEndpoint: arm.url, activeDirectoryEndpoint: `${entra.url}/` }),
  );
  const write = (principal: ServicePrincipal, over: object = {}) => {
    const place = { cloud: "azurestackcloud", subscriptionId: world.subscription, resourceGroup: "rg" };
    const signIn = { tenantID: principal.tenant, aadClientID: principal.clientId, aadClientSecret: principal.secret };
    return writeFile(file, JSON.stringify({ ...place, ...signIn, ...over }));
  };
  const lines: string[] = [];
  const source = new CloudSource({
    file,
    env: { AZURE_ENVIRONMENT_FILEPATH: endpoints },
    log: createLog({ write: (line) => lines.push(line) }),
    everyMs: 20,
    ca: authority.caPem,
  });
  const stop = new AbortController();
  let running = Promise.resolve();
  const run = () => {
    running = source.run(stop.signal);
    return source.ready(stop.signal);
  };
  /** The application that a token of this access is for. */
  const appOf = async ({ credential, cloud }: AzureAccess) => {
    const answer = await (await credential()).getToken(`${cloud.resourceManager}/.default`);
    return world.key.verified(answer?.token ?? "")?.appid;
  };
  const end = async () => {
    stop.abort();
    await running;
    await Promise.all([arm[Symbol.asyncDispose](), entra[Symbol.asyncDispose]()]);
  };
  return { world, source, write, run, appOf, lines, [Symbol.asyncDispose]: end };
}

describe("CloudSource and Entra ID", () => {
  it("signs in as the next application after a change, while a call under way ends as the one that it began as", async () => {
    await using az = await azure();
    const [one, two] = [az.world.createServicePrincipal(), az.world.createServicePrincipal()];
    await az.write(one);
    const before = await az.run();
    az.world.traffic.delay("entra.token", 300);
    const underWay = az.appOf(before);
    await az.write(two);
    await eventually(() => az.source.access?.config.signIn.clientId).toBe(two.clientId);
    az.world.traffic.delay("entra.token", 0);

    expect(await az.appOf(az.source.access ?? before)).toBe(two.clientId);
    expect(await underWay).toBe(one.clientId);
    expect(await az.appOf(before)).toBe(one.clientId);
    expect(az.lines.join("")).not.toMatch(new RegExp(`${one.secret}|${two.secret}|${one.clientId}|${two.clientId}`));
  });

  it("signs in again once a wrong secret is corrected in the file", async () => {
    await using az = await azure();
    const principal = az.world.createServicePrincipal();
    await az.write(principal, { aadClientSecret: "hush-wrong" });
    const before = await az.run();
    await expect(az.appOf(before)).rejects.toMatchObject({
      code: "ARM_CREDENTIAL",
      message: expect.stringMatching(/correct aadClientSecret in azure\.json \(AADSTS7000215: /),
    });
    await az.write(principal);
    await eventually(() => az.source.access !== before).toBe(true);
    expect(await az.appOf(az.source.access ?? before)).toBe(principal.clientId);
  });
});
