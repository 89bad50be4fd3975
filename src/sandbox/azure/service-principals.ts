import { randomBytes } from "node:crypto";
import type { TrustedSubject } from "./certificate-chain.ts";
import { newPrincipal } from "./identity-block.ts";

export type ServicePrincipal = {
  readonly tenant: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly secret: string;
  /** Certificates that it may sign in with, as PEM. */
  readonly certificates: readonly string[];
  /** Certificates by these names may sign in too, if an application sends their chain. */
  readonly trustedSubjects?: readonly TrustedSubject[];
  /** What it is called as a resource, beside its client ID; e.g. `api://orders`. */
  readonly identifierUris?: readonly string[];
  /** Which access tokens it takes as a resource (`requestedAccessTokenVersion`); 1 by default. */
  readonly accessTokenVersion?: 1 | 2;
};
/** What may sign in at Entra ID: a service principal, or a user-assigned identity, which has neither secret nor certificate. */
export type Application = Omit<ServicePrincipal, "secret" | "tenant"> & { readonly secret?: string };

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

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
    return this.#all.find((one) => same(one.tenant, tenant) && same(one.clientId, clientId));
  }

  /** The application that an audience means. */
  resource(tenant: string, audience: string): ServicePrincipal | undefined {
    const names = ({ clientId, identifierUris = [] }: ServicePrincipal) =>
      [clientId, `api://${clientId}`, ...identifierUris].map((name) => name.toLowerCase());
    return this.#all.find((one) => same(one.tenant, tenant) && names(one).includes(audience.toLowerCase()));
  }
}
