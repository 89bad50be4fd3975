import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { createAuthority } from "../../src/sandbox/certificates.ts";
import { askNmi, nmiWorld } from "../support/nmi/world.ts";

const spec = { type: 1, clientID: "app", tenantID: "tenant" };

/** An authority like AD FS of a cloud of one's own: beneath a path, and it tells only how long a token lives. */
async function startAdfs(folder: string) {
  const authority = await createAuthority();
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.caPem);
  const asked: string[] = [];
  const server = createServer(await authority.serverCertificate(), async (request, response) => {
    asked.push(`${request.url} ${request.headers["user-agent"]} ${await text(request)}`);
    response.end(JSON.stringify({ access_token: "of-adfs", token_type: "bearer", expires_in: 3600 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    asked,
    ca,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/adfs`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function put(world: Awaited<ReturnType<typeof nmiWorld>>, name: string, adEndpoint: string, podIP: string) {
  const path = "/api/v1/namespaces/default/secrets";
  await world.kube.call("POST", path, {
    metadata: { name, namespace: "default" },
    stringData: { clientSecret: "hush" },
  });
  const clientPassword = { name, namespace: "default" };
  await world.create("AzureIdentity", name, { ...spec, adEndpoint, clientPassword });
  await world.create("AzureIdentityBinding", name, { azureIdentity: name, selector: name });
  await world.createPod(name, podIP, { aadpodidbinding: name });
}

it("the authority of a cloud of one's own counts, with its path, and hears NMI's whole user agent", async () => {
  await using world = await nmiWorld();
  await using adfs = await startAdfs(world.folder);
  const AZURE_ENVIRONMENT_FILEPATH = join(world.folder, "cloud.json");
  const cloud = { resourceManagerEndpoint: "https://arm.example/", activeDirectoryEndpoint: `${adfs.url}/` };
  await writeFile(AZURE_ENVIRONMENT_FILEPATH, JSON.stringify(cloud));
  await put(world, "demo", adfs.url, "127.77.1.1");
  const args = ["--operation-mode=managed", "--forceNamespaced", "--custom-user-agent=managedBy:aks"];
  await using nmi = await world.start(args, { AZURE_ENVIRONMENT_FILEPATH, NODE_EXTRA_CA_CERTS: adfs.ca });
  const { status, body } = await askNmi(nmi, { from: "127.77.1.1" });
  expect([status, body.access_token, body.token_type]).toEqual([200, "of-adfs", "bearer"]);
  expect(Number(body.expires_in)).toBeGreaterThan(3590);
  expect(adfs.asked).toEqual([
    expect.stringMatching(
      /^\/adfs\/tenant\/oauth2\/token\?api-version=1\.0 aad-pod-identity\/NMI\/\S+ managedBy:aks client_id=app&/,
    ),
  ]);
});

it("an endpoints file that cannot be read is told, and all others are served", async () => {
  await using world = await nmiWorld();
  await using adfs = await startAdfs(world.folder);
  await put(world, "listed", `${adfs.url}/deeper`, "127.77.1.1");
  await put(world, "other", new URL(adfs.url).origin, "127.77.1.2");
  const args = ["--operation-mode=managed", "--forceNamespaced", `--allowed-ad-endpoints=${adfs.url}`];
  const env = { AZURE_ENVIRONMENT_FILEPATH: join(world.folder, "none.json"), NODE_EXTRA_CA_CERTS: adfs.ca };
  await using nmi = await world.start(args, env);
  expect(nmi.program.output()).toMatch(/W.*cannot read .*none\.json \(ENOENT\): correct AZURE_ENVIRONMENT_FILEPATH/);
  expect((await askNmi(nmi, { from: "127.77.1.1" })).status).toBe(200);
  expect((await askNmi(nmi, { from: "127.77.1.2" })).status).toBe(403);
  expect(adfs.asked.length).toBe(1);
});
