import { copyFile, mkdir, mkdtempDisposable, rename, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { json, place, watchedSource } from "../../test/support/kube/watched-source.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { createLog } from "../base/log.ts";
import { CloudSource } from "./cloud-source.ts";

const certificates = join(import.meta.dirname, "../../test/support/certificates");
const clientOf = ({ access }: CloudSource) => access?.config.signIn.clientId;

describe("CloudSource", () => {
  it("reads the file at once, tells how MIC signs in, and is quiet while nothing changes", async () => {
    await using one = await watchedSource(json("id-of-mic-1"));
    expect(await one.cloud.ready(one.stop.signal)).toBe(one.cloud.access);
    expect(one.cloud.access).toMatchObject({
      config: place,
      cloud: { resourceManager: "https://management.azure.com" },
    });
    const { length } = one.lines;
    expect(one.lines.join("")).toContain(
      "MIC using service principal: id-o##### REDACTED #####ic-1 for authentication.",
    );
    const before = one.cloud.access;
    await one.look();
    await writeFile(one.file, json("id-of-mic-1")); // touched, with the same content
    await one.look();
    expect(one.cloud.access).toBe(before);
    expect(one.lines).toHaveLength(length);
    expect(one.changes).toEqual([before]);
  });

  it("follows a file that is written anew", async () => {
    await using one = await watchedSource(json("id-of-mic-1"));
    await writeFile(one.file, json("id-of-mic-2"));
    await one.look();
    expect(clientOf(one.cloud)).toBe("id-of-mic-2");
    expect(one.changes.map((access) => access?.config.signIn.clientId)).toEqual(["id-of-mic-1", "id-of-mic-2"]);
  });

  it("follows a file that another is renamed over", async () => {
    await using one = await watchedSource(json("id-of-mic-1"));
    await writeFile(`${one.file}.new`, json("id-of-mic-2"));
    await rename(`${one.file}.new`, one.file);
    await one.look();
    expect(clientOf(one.cloud)).toBe("id-of-mic-2");
  });

  it("follows the links of a mounted Secret", async () => {
    await using one = await watchedSource(undefined);
    for (const n of [1, 2]) {
      await mkdir(join(one.folder, `..${n}`));
      await writeFile(join(one.folder, `..${n}`, "azure.json"), json(`id-of-mic-${n}`));
    }
    await symlink("..1", join(one.folder, "..data"));
    await symlink(join("..data", "azure.json"), one.file);
    await one.look();
    expect(clientOf(one.cloud)).toBe("id-of-mic-1");
    await symlink("..2", join(one.folder, "..data_tmp"));
    await rename(join(one.folder, "..data_tmp"), join(one.folder, "..data"));
    await one.look();
    expect(clientOf(one.cloud)).toBe("id-of-mic-2");
  });

  it("keeps the very same one when the file comes back as it was", async () => {
    await using one = await watchedSource(json("id-of-mic-1"));
    const before = one.cloud.access;
    await rename(one.file, `${one.file}.away`);
    await one.look();
    expect(one.cloud.problem).toMatchObject({ code: "FILE_UNREADABLE", message: expect.stringMatching(/ENOENT/) });
    await rename(`${one.file}.away`, one.file);
    await one.look();
    expect(one.cloud.problem).toBeUndefined();
    expect(one.cloud.access).toBe(before);
    expect(one.changes).toEqual([before]);
  });

  it("looks at the certificate and at the endpoints of a cloud of one's own too", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "cloud-source-"));
    const endpoints = join(folder.path, "endpoints.json");
    const stack = (host: string) => ({
      resourceManagerEndpoint: `https://${host}/`,
      activeDirectoryEndpoint: `https://${host}`,
    });
    await writeFile(endpoints, JSON.stringify(stack("one.local")));
    const cert = join(folder.path, "mic.pem");
    await copyFile(join(certificates, "ec.pem"), cert);
    const wishes = { cloud: "AzureStackCloud", aadClientSecret: undefined, aadClientCertPath: cert };
    await using one = await watchedSource(json("id-of-mic-1", wishes), { AZURE_ENVIRONMENT_FILEPATH: endpoints });
    const keyType = () => {
      const { signIn } = one.cloud.access?.config ?? {};
      return signIn?.kind === "certificate" ? signIn.certificate.keyType : signIn?.kind;
    };
    expect(keyType()).toBe("ec");

    await writeFile(endpoints, JSON.stringify(stack("two.local")));
    await one.look();
    expect(one.cloud.access?.cloud.resourceManager).toBe("https://two.local");
    await writeFile(endpoints, "{}");
    await one.look();
    expect(one.cloud.problem?.message).toMatch(/endpoints\.json, named by AZURE_ENVIRONMENT_FILEPATH, cannot be used/);
    await writeFile(endpoints, JSON.stringify(stack("two.local")));
    await copyFile(join(certificates, "rsa.pem"), cert);
    await one.look();
    expect(one.cloud.problem).toBeUndefined();
    expect(keyType()).toBe("rsa");
    await copyFile(join(certificates, "rsa-encrypted.pem"), cert);
    await one.look();
    expect(one.cloud.problem?.message).toMatch(/mic\.pem needs a password: set aadClientCertPassword$/);
    expect(keyType()).toBe("rsa");
  });

  it("warns once a day in the last month of a certificate", async () => {
    const DAY_MS = 24 * 60 * 60_000;
    const clock = new FakeClock(Date.UTC(2126, 8, 29, 6)); // 30 days and some seconds before the end
    const wishes = { aadClientSecret: null, aadClientCertPath: join(certificates, "rsa.pem") };
    await using one = await watchedSource(json("id-of-mic-1", wishes), {}, clock);
    expect(one.told("W")).toEqual([]);
    for (const wait of [DAY_MS / 2, DAY_MS / 2, DAY_MS / 4, DAY_MS, 27 * DAY_MS, 40 * DAY_MS]) await one.look(wait);
    expect(one.told("W")).toEqual(
      [29, 27, 0].map((days) =>
        expect.stringMatching(
          new RegExp(`expires soon: put a new one in its place file=".*rsa\\.pem" days=${days}\n$`),
        ),
      ),
    );
  });

  it("makes one credential an access, and leaves it to those who have it", async () => {
    await using one = await watchedSource(json("id-of-mic-1"));
    const before = one.cloud.access;
    const credential = await before?.credential();
    await writeFile(one.file, json("id-of-mic-2"));
    await one.look();
    expect(await before?.credential()).toBe(credential);
    expect(await one.cloud.access?.credential()).not.toBe(credential);
  });
});

describe("CloudSource without azure.json", () => {
  const env = { CLOUD: "AzureCloud", SUBSCRIPTION_ID: "s", RESOURCE_GROUP: "g", USE_MSI: "true" };
  const log = createLog({ write: () => {} });

  it("reads the environment", async () => {
    const cloud = new CloudSource({ file: "", env, log });
    await cloud.load();
    expect(cloud.access).toMatchObject({ config: { subscriptionId: "s", signIn: { kind: "managed-identity" } } });
  });

  it("ends the start when a variable is wrong, and leaves the telling to the program", async () => {
    const lines: string[] = [];
    const cloud = new CloudSource({ file: "", env: {}, log: createLog({ write: (line) => lines.push(line) }) });
    const problem = { code: "CLOUD_CONFIG_INVALID", message: expect.stringMatching(/CLOUD, .* missing or empty$/) };
    await expect(cloud.load()).rejects.toMatchObject(problem);
    await expect(cloud.run(new AbortController().signal)).rejects.toMatchObject(problem);
    expect(lines).toEqual([]);
  });
});
