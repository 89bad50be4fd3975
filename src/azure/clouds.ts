import * as v from "valibot";
import { Fault } from "../base/fault.ts";
import { type ReadFile, readSettingFile, textOf } from "./setting-file.ts";

/** Where a cloud is reached; URLs without a slash at the end. */
export type Cloud = { readonly resourceManager: string; readonly activeDirectory: string };

const publicCloud = {
  resourceManager: "https://management.azure.com",
  activeDirectory: "https://login.microsoftonline.com",
};
const governmentCloud = {
  resourceManager: "https://management.usgovcloudapi.net",
  activeDirectory: "https://login.microsoftonline.us",
};

/** Every cloud whose endpoints are known; names compare without regard to case. */
const clouds: Readonly<Record<string, Cloud>> = {
  AzurePublicCloud: publicCloud,
  AzureCloud: publicCloud,
  AzureUSGovernmentCloud: governmentCloud,
  AzureUSGovernment: governmentCloud,
  AzureChinaCloud: {
    resourceManager: "https://management.chinacloudapi.cn",
    activeDirectory: "https://login.chinacloudapi.cn",
  },
  AzureGermanCloud: {
    resourceManager: "https://management.microsoftazure.de",
    activeDirectory: "https://login.microsoftonline.de",
  },
};

/** Entra ID of every cloud that is known, under its other names too. */
export const knownAuthorities: readonly string[] = [
  ...new Set(Object.values(clouds).map(({ activeDirectory }) => activeDirectory)),
  "https://login.microsoft.com",
  "https://login.windows.net",
  "https://sts.windows.net",
  "https://login-us.microsoftonline.com",
  "https://login.partner.microsoftonline.cn",
];

const CUSTOM = "AzureStackCloud";
const FILE_VARIABLE = "AZURE_ENVIRONMENT_FILEPATH";
export const knownClouds: readonly string[] = [...Object.keys(clouds), CUSTOM];

/**
 * The endpoints of a cloud; those of `AzureStackCloud` come from the JSON file that AZURE_ENVIRONMENT_FILEPATH names.
 * @throws Fault CLOUD_CONFIG_INVALID, FILE_UNREADABLE or FILE_INVALID
 */
export async function findCloud(
  name: string,
  environmentFile: string | undefined,
  read: ReadFile = readSettingFile,
): Promise<Cloud> {
  if (isSame(name, CUSTOM)) return readEnvironmentFile(environmentFile, read);
  const cloud = found(name);
  if (cloud === undefined) throw new Fault("CLOUD_CONFIG_INVALID", unknown(name));
  return cloud;
}

/** What is wrong with the name of a cloud, in the words that people search for. */
export function cloudProblem(name: string): string | undefined {
  return isSame(name, CUSTOM) || found(name) !== undefined ? undefined : unknown(name);
}

function unknown(name: string): string {
  return `There is no cloud environment matching the name "${name}": set cloud to one of ${knownClouds.join(", ")}`;
}

function found(name: string): Cloud | undefined {
  return Object.entries(clouds).find(([known]) => isSame(known, name))?.[1];
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

const endpoint = v.pipe(
  v.optional(v.string("must be a text"), ""),
  v.check((text) => URL.canParse(text) && new URL(text).protocol === "https:", "must be an https URL"),
  v.transform((text) => text.replace(/\/+$/, "")),
);
const environmentSchema = v.pipe(
  v.string(),
  v.parseJson(undefined, "is not JSON"),
  v.transform(inOurSpelling),
  v.object({ resourceManagerEndpoint: endpoint, activeDirectoryEndpoint: endpoint }, "is no JSON object"),
);

const ENDPOINTS = ["resourceManagerEndpoint", "activeDirectoryEndpoint"] as const;

/** The original's reader took keys in any case. */
function inOurSpelling(parsed: unknown): unknown {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return parsed;
  const ours = (key: string) => ENDPOINTS.find((name) => isSame(name, key)) ?? key;
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [ours(key), value]));
}

async function readEnvironmentFile(file: string | undefined, read: ReadFile): Promise<Cloud> {
  if (file === undefined || file === "") {
    throw new Fault("CLOUD_CONFIG_INVALID", `cloud is ${CUSTOM}: name its endpoints file in variable ${FILE_VARIABLE}`);
  }
  const result = v.safeParse(environmentSchema, textOf(await read(file, FILE_VARIABLE)));
  if (!result.success) {
    const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? "it"} ${issue.message}`);
    throw new Fault("FILE_INVALID", `${file}, named by ${FILE_VARIABLE}, cannot be used: ${problems.join("; ")}`);
  }
  const { resourceManagerEndpoint, activeDirectoryEndpoint } = result.output;
  return { resourceManager: resourceManagerEndpoint, activeDirectory: activeDirectoryEndpoint };
}
