import { chmod, copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import type { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import type { AzureAccess } from "./azure-access.ts";
import { CloudSource } from "./cloud-source.ts";

const certificates = join(import.meta.dirname, "../../test/support/certificates");
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cloud-source-"));
});
afterAll(() => rm(root, { recursive: true }));

const place = { cloud: "AzurePublicCloud", subscriptionId: "sub", resourceGroup: "rg", tenantId: "tenant" };
const json = (clientId: string, over: object = {}) =>
  JSON.stringify({ ...place, aadClientId: clientId, aadClientSecret: "hush-secret", ...over });
const EVERY_MS = 5_000;

/** A source on a file of its own, looked at whenever told. */
async function source(content: string | undefined, env: Record<string, string> = {}, clock = new FakeClock()) {
  const folder = await mkdtemp(join(root, "x-"));
  const file = join(folder, "azure.json");
  if (content !== undefined) await writeFile(file, content);
  const lines: string[] = [];
  const changes: (AzureAccess | undefined)[] = [];
  const problems: (Fault | undefined)[] = [];
  const cloud: CloudSource = new CloudSource({
    file,
    env,
    clock,
    log: createLog({ write: (line) => lines.push(line) }),
    onChange: () => changes.push(cloud.access),
    onProblem: (problem) => problems.push(problem),
  });
  const stop = new AbortController();
  const running = cloud.run(stop.signal);
  await clock.asleep();
  const look = async (afterMs = EVERY_MS) => {
    clock.advance(afterMs);
    await clock.asleep();
  };
  const told = (letter: string) => lines.filter((line) => line.startsWith(letter));
  const end = async () => {
    stop.abort();
    await running;
    // Whatever happened: no line and no sentence may hold a secret.
    const all = lines.join("") + problems.map((problem) => `${problem?.message}${JSON.stringify(problem?.facts)}`);
    expect(all).not.toMatch(/hush|PRIVATE KEY/);
  };
  return { cloud, file, folder, lines, told, changes, problems, look, stop, [Symbol.asyncDispose]: end };
}

/** Root may read everything, so it is somebody else for the time being. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

const clientOf = ({ access }: CloudSource) => access?.config.signIn.clientId;

describe("CloudSource", () => {
  it("reads the file at once, tells how MIC signs in, and is quiet while nothing changes", async () => {
    await using one = await source(json("id-of-mic-1"));
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
    await using one = await source(json("id-of-mic-1"));
    await writeFile(one.file, json("id-of-mic-2"));
    await one.look();
    expect(clientOf(one.cloud)).toBe("id-of-mic-2");
    expect(one.changes.map((access) => access?.config.signIn.clientId)).toEqual(["id-of-mic-1", "id-of-mic-2"]);
  });

  it("follows a file that another is renamed over", async () => {
    await using one = await source(json("id-of-mic-1"));
    await writeFile(`${one.file}.new`, json("id-of-mic-2"));
    await rename(`${one.file}.new`, one.file);
    await one.look();
    expect(clientOf(one.cloud)).toBe("id-of-mic-2");
  });

  it("follows the links of a mounted Secret", async () => {
    await using one = await source(undefined);
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

  it("keeps the last good one while the file is half written, says so once, and is well after it", async () => {
    await using one = await source(json("id-of-mic-1"));
    const before = one.cloud.access;
    for (const written of [130, 140, 150, 150]) {
      await writeFile(one.file, json("id-of-mic-2").slice(0, written));
      await one.look();
    }
    expect(one.cloud.access).toBe(before);
    expect(one.told("E")).toEqual([
      expect.stringMatching(
        /azure\.json cannot be used: it is neither JSON nor YAML, see line 1; MIC goes on with the last good one code="CLOUD_CONFIG_INVALID"\n$/,
      ),
    ]);
    expect(one.cloud.problem).toMatchObject({ code: "CLOUD_CONFIG_INVALID" });
    for (let minutes = 0; minutes < 25; minutes += 5) await one.look(5 * 60_000);
    expect(one.told("E")).toHaveLength(3); // again every ten minutes

    await writeFile(one.file, json("id-of-mic-2"));
    await one.look();
    expect(clientOf(one.cloud)).toBe("id-of-mic-2");
    expect(one.cloud.problem).toBeUndefined();
    expect(one.told("I").filter((line) => /in .*azure\.json can be used again\n$/.test(line))).toHaveLength(1);
    expect(one.problems.map((problem) => problem?.code)).toEqual(["CLOUD_CONFIG_INVALID", undefined]);
  });

  it("keeps the very same one when the file comes back as it was", async () => {
    await using one = await source(json("id-of-mic-1"));
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

  it("keeps the last good one while it may not read the file", async () => {
    await using one = await source(json("id-of-mic-1"));
    await chmod(one.file, 0);
    await asNobody(() => one.look());
    expect(clientOf(one.cloud)).toBe("id-of-mic-1");
    expect(one.cloud.problem?.message).toMatch(/EACCES\): correct --cloudconfig or the file's permissions$/);
    await chmod(one.file, 0o600);
    await one.look();
    expect(one.cloud.problem).toBeUndefined();
  });

  it("says it again when the file is wrong for another reason", async () => {
    await using one = await source(json("id-of-mic-1"));
    await writeFile(one.file, json("id-of-mic-2", { cloud: "Azurre", aadClientSecret: "" }));
    await one.look();
    await writeFile(one.file, json("id-of-mic-2", { aadClientSecret: "" }));
    await one.look();
    expect(one.told("E")).toEqual([
      expect.stringMatching(
        /aadClientSecret missing or empty; There is no cloud environment matching the name "Azurre"/,
      ),
      expect.stringMatching(/cannot be used: aadClientSecret missing or empty; MIC goes on/),
    ]);
  });

  it("waits at the start for a file that is corrected later", async () => {
    await using one = await source("{");
    expect(one.cloud.access).toBeUndefined();
    expect(one.told("E")).toEqual([
      expect.stringMatching(/neither JSON nor YAML, see line 1; MIC waits until it is corrected/),
    ]);
    const waiting = one.cloud.ready(one.stop.signal);
    await writeFile(one.file, json("id-of-mic-1"));
    await one.look();
    expect((await waiting).config.signIn.clientId).toBe("id-of-mic-1");
    const left = AbortSignal.abort(new Error("left"));
    await using other = await source("{");
    await expect(other.cloud.ready(left)).rejects.toThrow("left");
  });

  it("looks at the certificate and at the endpoints of a cloud of one's own too", async () => {
    const endpoints = join(root, "endpoints.json");
    const stack = (host: string) => ({
      resourceManagerEndpoint: `https://${host}/`,
      activeDirectoryEndpoint: `https://${host}`,
    });
    await writeFile(endpoints, JSON.stringify(stack("one.local")));
    const cert = join(root, "mic.pem");
    await copyFile(join(certificates, "ec.pem"), cert);
    const wishes = { cloud: "AzureStackCloud", aadClientSecret: undefined, aadClientCertPath: cert };
    await using one = await source(json("id-of-mic-1", wishes), { AZURE_ENVIRONMENT_FILEPATH: endpoints });
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
    await using one = await source(json("id-of-mic-1", wishes), {}, clock);
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
    await using one = await source(json("id-of-mic-1"));
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

it("does not tell of waiting where nobody waits: what is wrong with the first look is thrown", async () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const cloud = new CloudSource({ file: join(root, "missing"), env: {}, log, mayWait: false });
  await expect(cloud.load()).rejects.toThrow(/missing/);
  expect(lines).toEqual([]);
});
