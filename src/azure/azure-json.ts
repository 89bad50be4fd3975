import * as v from "valibot";
import { parse as parseYaml, YAMLParseError } from "yaml";
import { textOf } from "./setting-file.ts";

/** Every key that counts, the environment variable that stands in for it, and its meaning for docs/reference/azure-json.md. */
export const azureJsonKeys = {
  cloud: {
    variable: "CLOUD",
    help: "The cloud, in any case. The endpoints of `AzureStackCloud` come from the JSON file that `AZURE_ENVIRONMENT_FILEPATH` names (`resourceManagerEndpoint`, `activeDirectoryEndpoint`).",
  },
  tenantId: { variable: "TENANT_ID", help: "The tenant that the application is in: ID or domain name." },
  subscriptionId: { variable: "SUBSCRIPTION_ID", help: "The cluster's subscription." },
  resourceGroup: { variable: "RESOURCE_GROUP", help: "The resource group of the cluster's machines." },
  aadClientId: { variable: "CLIENT_ID", help: "The application that MIC signs in as." },
  aadClientSecret: { variable: "CLIENT_SECRET", help: "Its secret; preferred to a certificate when both are given." },
  aadClientCertPath: {
    variable: "CLIENT_CERT_PATH",
    help: "A file with its certificate and private key: PEM or PFX, RSA or EC on P-256.",
  },
  aadClientCertPassword: { variable: "CLIENT_CERT_PASSWORD", help: "The password of that file, if it has one." },
  useManagedIdentityExtension: {
    variable: "USE_MSI",
    help: "`true`: MIC signs in with a managed identity of its machine, and no application is needed.",
  },
  userAssignedIdentityID: {
    variable: "USER_ASSIGNED_MSI_CLIENT_ID",
    help: "Client ID of that identity; empty: the machine's system-assigned one. It is never taken off a machine.",
  },
} as const satisfies Record<string, { readonly variable: string; readonly help: string }>;
export type Key = keyof typeof azureJsonKeys;
export type Values = { readonly [K in Key]?: string };
/** What a file holds, if it is of the right form at all, and what is wrong with it: no problem quotes a value. */
export type Fields = { readonly values: Values | undefined; readonly problems: readonly string[] };

const keys = Object.keys(azureJsonKeys) as Key[];
const text = v.nullish(v.string("must be a text"));
const objectSchema = v.record(v.string(), v.unknown(), "must be an object");

/**
 * Reads the text of azure.json, JSON or YAML. All scalars are texts, so that a secret of digits keeps every digit. Of a
 * key that is there twice the last counts, as for the original.
 */
export function readAzureJson(content: Buffer): Fields {
  let parsed: unknown;
  try {
    // Warnings would go to standard error, with the line that they are about.
    parsed = parseYaml(textOf(content), { schema: "failsafe", logLevel: "error", uniqueKeys: false });
  } catch (reason) {
    return { values: undefined, problems: [`it is neither JSON nor YAML${lineOf(reason)}`] };
  }
  const object = v.safeParse(objectSchema, parsed);
  if (!object.success) return { values: undefined, problems: ["it must be an object"] };
  const found = keys.map((key) => ({ key, ...fieldOf(object.output, key) }));
  return {
    values: Object.fromEntries(found.map(({ key, value }) => [key, value])),
    problems: found.flatMap(({ problem }) => problem ?? []),
  };
}

/** The parser's own message quotes the text, which holds a secret. */
function lineOf(reason: unknown): string {
  const line = reason instanceof YAMLParseError ? reason.linePos?.[0].line : undefined;
  return line === undefined ? "" : `, see line ${line}`;
}

/** Docs and tools spell the keys in several ways (`aadClientID`, `tenantID`), so case does not count. */
function fieldOf(object: Readonly<Record<string, unknown>>, key: Key): { value?: string; problem?: string } {
  const spellings = Object.keys(object).filter((name) => name.toLowerCase() === key.toLowerCase());
  const given = spellings.filter((name) => !isEmpty(object[name]));
  // The exact spelling is the one that the original read.
  const name = given.includes(key) ? key : given[0];
  if (name === undefined) return {};
  const result = v.safeParse(text, object[name]);
  if (!result.success) return { problem: `${name} must be a text` };
  const isTold = name !== key && given.some((other) => object[other] !== object[name]);
  if (isTold) return { problem: `${given.join(" and ")} differ: keep one of them` };
  return { value: result.output ?? "" };
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "string" && /^\s*(null|~)?\s*$/i.test(value));
}
