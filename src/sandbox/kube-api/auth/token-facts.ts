/** Whose tokens these are, and for whom when the request does not say. */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

export const accounts = { group: "", plural: "serviceaccounts", kind: "ServiceAccount" };
/** What a token may be bound to: it ends with it. */
export const bounds: Readonly<Record<string, { readonly plural: string; readonly claim: string }>> = {
  Pod: { plural: "pods", claim: "pod" },
  Secret: { plural: "secrets", claim: "secret" },
};
