import { request as httpsRequest } from "node:https";
import { json } from "node:stream/consumers";
import { Fault } from "../base/fault.ts";
import type { ServicePrincipal } from "./azure/service-principals.ts";

export type AzureUserOptions = {
  readonly armUrl: string;
  readonly entraUrl: string;
  readonly caPem: string;
  readonly principal: ServicePrincipal;
  readonly subscription: string;
  readonly resourceGroup: string;
};

type Identity = { readonly id: string; readonly properties: { readonly clientId: string } };
type Machine = { readonly identity?: { readonly userAssignedIdentities?: object } };

/** What a person does with `az`, over ARM's own HTTP interface: the emulators are asked, never looked into. */
export class AzureUser {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly armUrl: string;
  readonly #options: AzureUserOptions;

  constructor(options: AzureUserOptions) {
    this.subscription = options.subscription;
    this.resourceGroup = options.resourceGroup;
    this.armUrl = options.armUrl;
    this.#options = options;
  }

  /** `az identity create`. */
  async createIdentity(name: string): Promise<{ readonly id: string; readonly clientId: string }> {
    const made = (await this.#arm("PUT", this.#identityPath(name), "2023-01-31", {
      location: "westeurope",
    })) as Identity;
    return { id: made.id, clientId: made.properties.clientId };
  }

  /** `az identity delete`. */
  async deleteIdentity(name: string): Promise<void> {
    await this.#arm("DELETE", this.#identityPath(name), "2023-01-31");
  }

  /** Resource IDs of the user-assigned identities that a VM or scale set has, as `az vm identity show` tells. */
  async identitiesOn(machineId: string): Promise<string[]> {
    const machine = (await this.#arm("GET", machineId, "2024-07-01")) as Machine;
    return Object.keys(machine.identity?.userAssignedIdentities ?? {});
  }

  #identityPath(name: string): string {
    const group = `/subscriptions/${this.subscription}/resourceGroups/${this.resourceGroup}`;
    return `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  }

  async #arm(method: string, path: string, apiVersion: string, body?: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${await this.#token()}`, "content-type": "application/json" };
    return this.#send(method, `${this.armUrl}${path}?api-version=${apiVersion}`, headers, JSON.stringify(body ?? {}));
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
    const answer = await this.#send("POST", `${entraUrl}/${principal.tenant}/oauth2/v2.0/token`, headers, `${form}`);
    return (answer as { access_token: string }).access_token;
  }

  #send(method: string, url: string, headers: Readonly<Record<string, string>>, body: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(url, { method, headers, ca: this.#options.caPem }, (response) => {
        const status = response.statusCode ?? 0;
        json(response)
          .catch(() => undefined) // an answer without a body
          .then((answer) => (status < 300 ? resolve(answer) : reject(refused(method, url, status, answer))));
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
