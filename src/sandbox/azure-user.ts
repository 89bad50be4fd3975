import { request as httpsRequest } from "node:https";
import { json } from "node:stream/consumers";
import { realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { ServicePrincipal } from "./azure/service-principals.ts";

/** `pem` is its certificate with the private key. */
export type NewApplication = ServicePrincipal & { readonly pem: string };
export type AzureUserOptions = {
  readonly armUrl: string;
  readonly entraUrl: string;
  /** Where pods find both. */
  readonly inPods: { readonly armUrl: string; readonly entraUrl: string };
  readonly caPem: string;
  readonly principal: ServicePrincipal;
  /** Registers an application that may sign in with a secret and with a certificate. */
  readonly createApplication: () => Promise<NewApplication>;
  readonly subscription: string;
  readonly resourceGroup: string;
};

type Identity = { readonly id: string; readonly properties: { readonly clientId: string } };
type Machine = {
  readonly identity?: { readonly userAssignedIdentities?: object };
  readonly properties?: { readonly provisioningState?: string };
};

/** A request as it went to ARM, and the status that came back. */
export type Sent = {
  readonly method: string;
  readonly url: string;
  readonly body?: object;
  readonly status: number;
};

const IDENTITY_API = "2023-01-31";
const COMPUTE_API = "2024-07-01";
const POLL_MS = 100;

type Answer = { readonly status: number; readonly answer: unknown };
type Exchange = { readonly answer: unknown; readonly sent: Sent };

/**
 * What a person does with `az`, over ARM's own HTTP interface: the emulators are asked, never looked into, except for
 * applications, since Microsoft Graph is not emulated.
 */
export class AzureUser {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly armUrl: string;
  /** Where pods find Resource Manager. */
  readonly armUrlInPods: string;
  /** The authority that applications sign in at, which run in pods. */
  readonly entraUrl: string;
  readonly #options: AzureUserOptions;

  constructor(options: AzureUserOptions) {
    this.subscription = options.subscription;
    this.resourceGroup = options.resourceGroup;
    this.armUrl = options.armUrl;
    this.armUrlInPods = options.inPods.armUrl;
    this.entraUrl = options.inPods.entraUrl;
    this.#options = options;
  }

  /** `az identity create`. */
  async createIdentity(name: string): Promise<{ readonly id: string; readonly clientId: string; readonly sent: Sent }> {
    const body = { location: "westeurope" };
    const { answer, sent } = await this.#arm("PUT", this.#identityPath(name), IDENTITY_API, body);
    const made = answer as Identity;
    return { id: made.id, clientId: made.properties.clientId, sent };
  }

  /** `az identity delete`. */
  async deleteIdentity(name: string): Promise<Sent> {
    return (await this.#arm("DELETE", this.#identityPath(name), IDENTITY_API)).sent;
  }

  /** `az vm identity assign` and `az vmss identity assign`: resolves when the machine has the identity. */
  async assignIdentity(machineId: string, identityId: string, signal: AbortSignal): Promise<Sent> {
    const body = { identity: { type: "UserAssigned", userAssignedIdentities: { [identityId]: {} } } };
    const { sent } = await this.#arm("PATCH", machineId, COMPUTE_API, body);
    while ((await this.#machine(machineId)).properties?.provisioningState !== "Succeeded") {
      await realClock.sleep(POLL_MS, signal);
    }
    return sent;
  }

  /** Resource IDs of the user-assigned identities that a VM or scale set has, as `az vm identity show` tells. */
  async identitiesOn(machineId: string): Promise<string[]> {
    return Object.keys((await this.#machine(machineId)).identity?.userAssignedIdentities ?? {});
  }

  /** `az ad sp create-for-rbac`, with `--create-cert` too. */
  createApplication(): Promise<NewApplication> {
    return this.#options.createApplication();
  }

  async #machine(id: string): Promise<Machine> {
    return (await this.#arm("GET", id, COMPUTE_API)).answer as Machine;
  }

  #identityPath(name: string): string {
    const group = `/subscriptions/${this.subscription}/resourceGroups/${this.resourceGroup}`;
    return `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  }

  async #arm(method: string, path: string, apiVersion: string, body?: object): Promise<Exchange> {
    const headers = { authorization: `Bearer ${await this.#token()}`, "content-type": "application/json" };
    const url = `${this.armUrl}${path}?api-version=${apiVersion}`;
    const { status, answer } = await this.#send(method, url, headers, JSON.stringify(body ?? {}));
    return { answer, sent: { method, url, ...(body !== undefined && { body }), status } };
  }

  async #token(): Promise<string> {
    const { entraUrl, principal } = this.#options;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: principal.clientId,
      client_secret: principal.secret,
      scope: `${this.armUrl}/.default`,
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { answer } = await this.#send(
      "POST",
      `${entraUrl}/${principal.tenant}/oauth2/v2.0/token`,
      headers,
      `${form}`,
    );
    return (answer as { access_token: string }).access_token;
  }

  #send(method: string, url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(url, { method, headers, ca: this.#options.caPem }, (response) => {
        const status = response.statusCode ?? 0;
        json(response)
          .catch(() => undefined) // an answer without a body
          .then((answer) =>
            status < 300 ? resolve({ status, answer }) : reject(refused(method, url, status, answer)),
          );
      });
      request.on("error", reject);
      request.end(method === "GET" || method === "DELETE" ? undefined : body);
    });
  }
}

function refused(method: string, url: string, status: number, answer: unknown): Fault {
  return new Fault(
    "ARM_ERROR",
    `the sandbox's Azure answered ${status} to ${method} ${url}: ${JSON.stringify(answer)}`,
  );
}
