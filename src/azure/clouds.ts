import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { Fault } from "../base/fault.ts";

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

const CUSTOM = "AzureStackCloud";
const FILE_VARIABLE = "AZURE_ENVIRONMENT_FILEPATH";

/**
 * The endpoints of a cloud; those of `AzureStackCloud` come from the JSON file that AZURE_ENVIRONMENT_FILEPATH names.
 * @throws Fault CLOUD_CONFIG_INVALID, FILE_UNREADABLE or FILE_INVALID
 */
export async function findCloud(name: string, environmentFile: string | undefined): Promise<Cloud> {
  if (isSame(name, CUSTOM)) return readEnvironmentFile(environmentFile);
  const found = Object.entries(clouds).find(([known]) => isSame(known, name));
  if (found !== undefined) return found[1];
  const known = [...Object.keys(clouds), CUSTOM].join(", ");
  throw new Fault(
    "CLOUD_CONFIG_INVALID",
    `There is no cloud environment matching the name "${name}": set cloud to one of ${known}`,
  );
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
  v.object({ resourceManagerEndpoint: endpoint, activeDirectoryEndpoint: endpoint }, "is no JSON object"),
);

async function readEnvironmentFile(file: string | undefined): Promise<Cloud> {
  if (file === undefined || file === "") {
    throw new Fault("CLOUD_CONFIG_INVALID", `cloud is ${CUSTOM}: name its endpoints file in variable ${FILE_VARIABLE}`);
  }
  const result = v.safeParse(environmentSchema, await readText(file, FILE_VARIABLE));
  if (!result.success) {
    const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? "it"} ${issue.message}`);
    throw new Fault("FILE_INVALID", `${file}, named by ${FILE_VARIABLE}, cannot be used: ${problems.join("; ")}`);
  }
  const { resourceManagerEndpoint, activeDirectoryEndpoint } = result.output;
  return { resourceManager: resourceManagerEndpoint, activeDirectory: activeDirectoryEndpoint };
}

/** A file's text. @throws Fault FILE_UNREADABLE that names the setting which led to the file */
export async function readText(file: string, setting: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (reason) {
    const why = reason instanceof Error && "code" in reason ? reason.code : reason;
    throw new Fault("FILE_UNREADABLE", `cannot read ${file} (${why}): correct ${setting} or the file's permissions`, {
      cause: reason,
    });
  }
}
