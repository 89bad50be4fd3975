import { Fault } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";
import { azureJsonKeys, type Fields, type Key, readAzureJson, type Values } from "./azure-json.ts";
import { type ClientCertificate, readClientCertificate } from "./client-certificate.ts";
import { cloudProblem } from "./clouds.ts";
import { type ReadFile, readSettingFile } from "./setting-file.ts";

/** How MIC itself signs in to Azure; an empty client ID of a managed identity means the machine's own. */
type SignIn =
  | { readonly kind: "secret"; readonly clientId: string; readonly secret: Secret }
  | { readonly kind: "certificate"; readonly clientId: string; readonly certificate: ClientCertificate }
  | { readonly kind: "managed-identity"; readonly clientId: string };

/** What MIC needs to know about the cluster's place in Azure. */
export type CloudConfig = {
  readonly cloud: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly signIn: SignIn;
  /** Whether environment variables took the place of azure.json, so that sentences name them. */
  readonly isFromEnvironment?: boolean;
};
export type Environment = Readonly<Record<string, string | undefined>>;
/** The outside world as the reader sees it. */
export type Surroundings = { readonly read?: ReadFile; readonly now?: () => number };

type Source = Fields & { readonly name: string; readonly isEnvironment: boolean };

/** The name under which a user finds a setting. */
export function settingName(key: Key, { isFromEnvironment = false }: Pick<CloudConfig, "isFromEnvironment">): string {
  return isFromEnvironment ? azureJsonKeys[key].variable : key;
}

/** Where a user finds the settings. */
export function whereSettingsAre({ isFromEnvironment = false }: Pick<CloudConfig, "isFromEnvironment">): string {
  return isFromEnvironment ? "MIC's environment" : "azure.json";
}

/**
 * Reads azure.json, or the environment variables when no file is named; the two are never mixed.
 * @throws Fault FILE_UNREADABLE, or CLOUD_CONFIG_INVALID that lists every problem and quotes no secret
 */
export async function loadCloudConfig(
  file: string,
  env: Environment,
  { read = readSettingFile, now = Date.now }: Surroundings = {},
): Promise<CloudConfig> {
  const source = file === "" ? fromEnvironment(env) : await fromFile(file, read);
  const reading = new Reading(source, { read, now });
  const config = await reading.config();
  if (reading.problems.length === 0 && config !== undefined) return config;
  const message = `the cloud configuration in ${source.name} cannot be used: ${reading.problems.join("; ")}`;
  throw new Fault("CLOUD_CONFIG_INVALID", message);
}

function fromEnvironment(env: Environment): Source {
  const values = Object.entries(azureJsonKeys).map(([key, { variable }]) => [key, env[variable]]);
  const name = "the environment, since no --cloudconfig is given,";
  return { name, isEnvironment: true, values: Object.fromEntries(values), problems: [] };
}

async function fromFile(file: string, read: ReadFile): Promise<Source> {
  return { name: file, isEnvironment: false, ...readAzureJson(await read(file, "--cloudconfig")) };
}

/** All other values are words; where one is not, a line is broken, and the next key may be part of it, secret and all. */
const SECRETS: readonly Key[] = ["aadClientSecret", "aadClientCertPassword"];
const TENANT = /^[0-9a-zA-Z-.]+$/;

/** Makes a configuration of a source's values and gathers what is wrong with them. */
class Reading {
  readonly problems: string[];
  readonly #source: Source;
  readonly #values: Values;
  readonly #outside: Required<Surroundings>;

  constructor(source: Source, outside: Required<Surroundings>) {
    const given = Object.entries(source.values ?? {}) as [Key, string | undefined][];
    const odd = given.filter(([key, value]) => !SECRETS.includes(key) && /\s/.test(value?.trim() ?? ""));
    this.#values = Object.fromEntries(given.filter((one) => !odd.includes(one)));
    this.#source = source;
    this.#outside = outside;
    this.problems = [...source.problems];
    if (odd.length > 0) this.problems.push(`${odd.map(([key]) => this.#name(key)).join(", ")} must be one word`);
  }

  /** Undefined, or of no use, when there are problems. */
  async config(): Promise<CloudConfig | undefined> {
    if (this.#source.values === undefined) return undefined;
    const isManaged = this.#isManaged();
    const isCertificate = this.#value("aadClientSecret") === "" && this.#value("aadClientCertPath") !== "";
    const own: readonly Key[] = isCertificate
      ? ["tenantId", "aadClientId"]
      : ["tenantId", "aadClientId", "aadClientSecret"];
    this.#need(["cloud", "subscriptionId", "resourceGroup", ...(isManaged ? [] : own)]);
    this.#check("cloud", cloudProblem);
    const isNoTenant = (id: string) => (TENANT.test(id) ? undefined : `is neither a tenant's ID nor its domain name`);
    if (!isManaged) this.#check("tenantId", isNoTenant, this.#name("tenantId"));
    const signIn = await this.#signIn(isManaged, isCertificate);
    if (signIn === undefined) return undefined;
    return {
      cloud: this.#value("cloud"),
      tenantId: this.#value("tenantId"),
      subscriptionId: this.#value("subscriptionId"),
      resourceGroup: this.#value("resourceGroup"),
      signIn,
      ...(this.#source.isEnvironment ? { isFromEnvironment: true } : {}),
    };
  }

  async #signIn(isManaged: boolean, isCertificate: boolean): Promise<SignIn | undefined> {
    if (isManaged) return { kind: "managed-identity", clientId: this.#value("userAssignedIdentityID") };
    const clientId = this.#value("aadClientId");
    if (!isCertificate) return { kind: "secret", clientId, secret: new Secret(this.#value("aadClientSecret")) };
    const certificate = await this.#certificate();
    return certificate === undefined ? undefined : { kind: "certificate", clientId, certificate };
  }

  async #certificate(): Promise<ClientCertificate | undefined> {
    const file = this.#value("aadClientCertPath");
    const password = this.#values.aadClientCertPassword ?? "";
    const settings = { file: this.#name("aadClientCertPath"), password: this.#name("aadClientCertPassword") };
    try {
      const content = await this.#outside.read(file, settings.file);
      const certificate = await readClientCertificate(file, content, password, settings);
      if (certificate.expiresAt > this.#outside.now()) return certificate;
      this.problems.push(expiredSentence(certificate));
    } catch (reason) {
      if (!Fault.is(reason, "FILE_UNREADABLE", "FILE_INVALID")) throw reason;
      this.problems.push(reason.message);
    }
    return undefined;
  }

  #isManaged(): boolean {
    const key = "useManagedIdentityExtension";
    const value = this.#value(key).toLowerCase();
    // As the original read them: all spellings of YAML in the file, one word in the environment.
    if (this.#source.isEnvironment) return value === "true";
    if (/^(true|yes|on|y)$/.test(value)) return true;
    if (!/^(false|no|off|n|)$/.test(value)) this.problems.push(`${key} must be true or false`);
    return false;
  }

  #need(needed: readonly Key[]): void {
    const told = this.problems.join(" ").toLowerCase();
    const isTold = (key: Key) => told.includes(this.#name(key).toLowerCase());
    const missing = needed.filter((key) => this.#value(key) === "" && !isTold(key));
    if (missing.length > 0) this.problems.push(`${missing.map((key) => this.#name(key)).join(", ")} missing or empty`);
  }

  #check(key: Key, problemOf: (value: string) => string | undefined, prefix?: string): void {
    const value = this.#value(key);
    const problem = value === "" ? undefined : problemOf(value);
    if (problem !== undefined) this.problems.push(prefix === undefined ? problem : `${prefix} ${problem}`);
  }

  #value(key: Key): string {
    return this.#values[key]?.trim() ?? "";
  }

  #name(key: Key): string {
    return settingName(key, { isFromEnvironment: this.#source.isEnvironment });
  }
}

/** What to do about a certificate whose time is over. */
export function expiredSentence({ file, expiresAt }: ClientCertificate): string {
  const day = new Date(expiresAt).toISOString().slice(0, 10);
  return `the certificate in ${file} expired on ${day}: put a valid one there and register it with the application`;
}
