import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findCloud } from "./clouds.ts";

/** Does something with a file that holds a text. */
async function withFile<T>(text: string, work: (file: string) => Promise<T>): Promise<T> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "clouds-"));
  const file = join(folder.path, "endpoints.json");
  await writeFile(file, text);
  return await work(file);
}

describe("findCloud", () => {
  it.each([
    ["AzurePublicCloud", "https://management.azure.com", "https://login.microsoftonline.com"],
    ["AzureCloud", "https://management.azure.com", "https://login.microsoftonline.com"],
    ["AzureUSGovernmentCloud", "https://management.usgovcloudapi.net", "https://login.microsoftonline.us"],
    ["AzureUSGovernment", "https://management.usgovcloudapi.net", "https://login.microsoftonline.us"],
    ["AzureChinaCloud", "https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"],
    ["AzureGermanCloud", "https://management.microsoftazure.de", "https://login.microsoftonline.de"],
  ])("knows %s, in any case", async (name, resourceManager, activeDirectory) => {
    const cloud = { resourceManager, activeDirectory };
    expect(await findCloud(name, undefined)).toEqual(cloud);
    expect(await findCloud(name.toLowerCase(), "/not/read.json")).toEqual(cloud);
    expect(await findCloud(name.toUpperCase(), undefined)).toEqual(cloud);
  });

  it.each(["", "AzureMoonCloud"])("refuses the name %j and lists the known ones", async (name) => {
    await expect(findCloud(name, undefined)).rejects.toThrow(
      /^There is no cloud environment matching the name ".*": set cloud to one of AzurePublicCloud, .*AzureStackCloud$/,
    );
  });

  it("reads the endpoints of a cloud of one's own", async () => {
    const endpoints = {
      name: "mine",
      resourceManagerEndpoint: "https://arm.local/",
      ActiveDirectoryEndpoint: "https://login.local/adfs//",
    };
    const text = `\uFEFF${JSON.stringify(endpoints)}`;
    expect(await withFile(text, (file) => findCloud("AzureStackCloud", file))).toEqual({
      resourceManager: "https://arm.local",
      activeDirectory: "https://login.local/adfs",
    });
  });

  it.each([
    { text: "{", problem: /it is not JSON/ },
    {
      text: "{}",
      problem: /resourceManagerEndpoint must be an https URL; activeDirectoryEndpoint must be an https URL/,
    },
    {
      text: '{"resourceManagerEndpoint":"http://a/","activeDirectoryEndpoint":"b"}',
      problem: /resourceManagerEndpoint must be an https URL; activeDirectoryEndpoint must be/,
    },
  ])("says what is wrong with $text", async ({ text, problem }) => {
    const reading = withFile(text, (file) => findCloud("azurestackcloud", file));
    await expect(reading).rejects.toMatchObject({ code: "FILE_INVALID", message: expect.stringMatching(problem) });
  });

  it("says which variable names the file", async () => {
    await expect(findCloud("AzureStackCloud", undefined)).rejects.toThrow(/AZURE_ENVIRONMENT_FILEPATH/);
    await expect(findCloud("AzureStackCloud", "/nowhere/no")).rejects.toThrow(/correct AZURE_ENVIRONMENT_FILEPATH/);
  });
});
