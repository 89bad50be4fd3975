import { Fault } from "../base/fault.ts";

/** What a client asks of the token endpoint; an identity is named by client ID, by resource ID or not at all. */
export type TokenQuery = {
  readonly resource: string;
  readonly clientId: string | undefined;
  readonly resourceId: string | undefined;
  /** `bypass_cache=true`: the client does not want an answer from a cache. */
  readonly bypassCache: boolean;
};

/**
 * Reads the query of a token request. The first value counts where a name is repeated; `msi_res_id` wins over
 * `mi_res_id`; `api-version` is not needed, as in the original.
 * @throws Fault RESOURCE_MISSING, or REQUEST_INVALID for `object_id`, which no AzureIdentity carries
 */
export function readTokenQuery(query: URLSearchParams): TokenQuery {
  const value = (name: string) => query.get(name) || undefined;
  const resource = value("resource");
  if (resource === undefined) throw new Fault("RESOURCE_MISSING", "parameter resource cannot be empty");
  if (value("object_id") !== undefined) {
    throw new Fault(
      "REQUEST_INVALID",
      "parameter object_id is not supported: name the identity by client_id or msi_res_id",
    );
  }
  return {
    resource,
    clientId: value("client_id"),
    resourceId: value("msi_res_id") ?? value("mi_res_id"),
    bypassCache: value("bypass_cache")?.toLowerCase() === "true",
  };
}
