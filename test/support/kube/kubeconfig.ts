type Server = { readonly server: string; readonly ca?: string; readonly token?: string };

/** A kubeconfig that signs in by a token, or not at all. */
export function kubeconfigOf({ server, ca = "", token }: Server): string {
  const authority = { "certificate-authority-data": Buffer.from(ca).toString("base64") };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, ...(server.startsWith("https:") ? authority : {}) } }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}
