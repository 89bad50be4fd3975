import { randomBytes } from "node:crypto";
import { newPrincipal } from "./identity-block.ts";

export type ServicePrincipal = {
  readonly tenant: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly secret: string;
  /** Certificates that it may sign in with, as PEM. */
  readonly certificates: readonly string[];
};
/** What may sign in at Entra ID: a service principal, or a user-assigned identity, which has neither secret nor certificate. */
export type Application = Omit<ServicePrincipal, "secret" | "tenant"> & { readonly secret?: string };

/** The applications of an Entra ID, in all its tenants. */
export class ServicePrincipals {
  readonly #all: ServicePrincipal[] = [];

  get all(): readonly ServicePrincipal[] {
    return this.#all;
  }

  create(wishes: Partial<ServicePrincipal> & Pick<ServicePrincipal, "tenant">): ServicePrincipal {
    const secret = randomBytes(30).toString("base64url");
    const principal = { secret, certificates: [], ...newPrincipal(), ...wishes };
    this.#all.push(principal);
    return principal;
  }

  find(tenant: string, clientId: string): ServicePrincipal | undefined {
    const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
    return this.#all.find((one) => same(one.tenant, tenant) && same(one.clientId, clientId));
  }
}
