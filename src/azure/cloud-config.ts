import * as v from "valibot";
import { parse as parseYaml } from "yaml";
import { Fault } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";
import { readText } from "./clouds.ts";

/** How MIC itself signs in to Azure; an empty client ID of a managed identity means the machine's own. */
type SignIn =
  | { readonly kind: "secret"; readonly clientId: string; readonly secret: Secret }
  | { readonly kind: "managed-identity"; readonly clientId: string };

/** What MIC needs to know about the cluster's place in Azure. */
export type CloudConfig = {
  readonly cloud: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly signIn: SignIn;
};

type Key =
  | "cloud"
  | "tenantId"
  | "aadClientId"
  | "aadClientSecret"
  | "subscriptionId"
  | "resourceGroup"
  | "useManagedIdentityExtension"
  | "userAssignedIdentityID";
type Values = { readonly [K in Key]?: string };

/** The variable that stands in for each key of azure.json. */
const VARIABLES: Readonly<Record<Key, string>> = {
  cloud: "CLOUD",
  tenantId: "TENANT_ID",
  aadClientId: "CLIENT_ID",
  aadClientSecret: "CLIENT_SECRET",
  subscriptionId: "SUBSCRIPTION_ID",
  resourceGroup: "RESOURCE_GROUP",
  useManagedIdentityExtension: "USE_MSI",
  userAssignedIdentityID: "USER_ASSIGNED_MSI_CLIENT_ID",
};
/** The docs of the original named these, its code did not read them: both are taken. */
const OTHER_SPELLINGS: Readonly<Record<string, Key>> = {
  aadClientID: "aadClientId",
  tenantID: "tenantId",
  subscriptionID: "subscriptionId",
};

/**
 * Reads azure.json, or the environment variables when no file is named; the two are never mixed.
 * @throws Fault FILE_UNREADABLE, or CLOUD_CONFIG_INVALID that lists every problem
 */
export async function loadCloudConfig(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<CloudConfig> {
  if (file === "") {
    const values = Object.entries(VARIABLES).map(([key, variable]) => [key, env[variable]]);
    return checked(
      Object.fromEntries(values),
      "the environment, since no --cloudconfig is given,",
      (key) => VARIABLES[key],
    );
  }
  return checked(readFields(file, await readText(file, "--cloudconfig")), file, (key) => key);
}

const scalar = v.nullish(
  v.pipe(
    v.union([v.string(), v.boolean(), v.number()], "must be a text"),
    v.transform((value) => String(value)),
  ),
);
const keys = Object.keys(VARIABLES) as Key[];
const fileSchema = v.object(Object.fromEntries(keys.map((key) => [key, scalar])), "must be an object");

function readFields(file: string, text: string): Values {
  const result = v.safeParse(fileSchema, spelledOnce(parsed(file, text)));
  if (result.success) return result.output as Values;
  const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? "it"} ${issue.message}`);
  throw invalid(file, problems);
}

function parsed(file: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch {
    // The parser's own message quotes the text, which holds a secret.
    throw invalid(file, ["it is neither JSON nor YAML"]);
  }
}

function spelledOnce(object: unknown): unknown {
  if (typeof object !== "object" || object === null) return object;
  const entries = Object.entries(object).map(([key, value]) => [OTHER_SPELLINGS[key] ?? key, value]);
  return { ...Object.fromEntries(entries), ...object };
}

function checked(values: Values, source: string, nameOf: (key: Key) => string): CloudConfig {
  const value = (key: Key) => values[key]?.trim() ?? "";
  const isManaged = value("useManagedIdentityExtension").toLowerCase() === "true";
  const needed: readonly Key[] = isManaged
    ? ["cloud", "subscriptionId", "resourceGroup"]
    : ["cloud", "subscriptionId", "resourceGroup", "tenantId", "aadClientId", "aadClientSecret"];
  const missing = needed.filter((key) => value(key) === "");
  if (missing.length > 0) throw invalid(source, [`${missing.map(nameOf).join(", ")} missing or empty`]);
  return {
    cloud: value("cloud"),
    tenantId: value("tenantId"),
    subscriptionId: value("subscriptionId"),
    resourceGroup: value("resourceGroup"),
    signIn: isManaged
      ? { kind: "managed-identity", clientId: value("userAssignedIdentityID") }
      : { kind: "secret", clientId: value("aadClientId"), secret: new Secret(value("aadClientSecret")) },
  };
}

function invalid(source: string, problems: readonly string[]): Fault {
  return new Fault(
    "CLOUD_CONFIG_INVALID",
    `the cloud configuration in ${source} cannot be used: ${problems.join("; ")}`,
  );
}
