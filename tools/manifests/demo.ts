/** The manifests of the walkthrough; people put their own values in place of the words in capitals. */
export function demoManifests(image: string): Readonly<Record<string, string>> {
  return {
    "deploy/demo/aadpodidentity.yaml": identity(
      "type: 0 # user-assigned identity",
      "resourceID: RESOURCE_ID # /subscriptions/…/resourcegroups/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/…",
      "clientID: CLIENT_ID",
    ),
    "deploy/demo/aadpodidentity-sp.yaml": [
      secret("clientSecret: CLIENT_SECRET"),
      identity("type: 1 # service principal with client secret", ...principal),
    ].join("---\n"),
    "deploy/demo/aadpodidentity-sp-cert.yaml": [
      secret("certificate: CERTIFICATE # certificate and private key, as PEM", "password: PASSWORD"),
      identity("type: 2 # service principal with certificate", ...principal),
    ].join("---\n"),
    "deploy/demo/aadpodidentitybinding.yaml": binding,
    "deploy/demo/deployment.yaml": deployment(image),
  };
}

const principal = [
  "tenantID: TENANT_ID",
  "clientID: CLIENT_ID",
  "clientPassword:",
  "  name: demo-aad1-sp",
  "  namespace: default",
];

function identity(...spec: readonly string[]): string {
  return `apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentity
metadata:
  name: demo-aad1
spec:
${spec.map((line) => `  ${line}\n`).join("")}`;
}

function secret(...lines: readonly string[]): string {
  return `apiVersion: v1
kind: Secret
metadata:
  name: demo-aad1-sp
type: Opaque
stringData:
${lines.map((line) => `  ${line}\n`).join("")}`;
}

const binding = `apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityBinding
metadata:
  name: demo-azure-id-binding
spec:
  azureIdentity: demo-aad1
  selector: demo # pods with the label aadpodidbinding: demo
`;

function deployment(image: string): string {
  const field = (name: string, path: string) =>
    `            - name: ${name}\n              valueFrom:\n                fieldRef:\n                  fieldPath: ${path}\n`;
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: demo
  labels:
    app: demo
spec:
  selector:
    matchLabels:
      app: demo
  template:
    metadata:
      labels:
        app: demo
        aadpodidbinding: demo
    spec:
      containers:
        - name: demo
          image: ${image}
          args:
            - --subscription-id=SUBSCRIPTION_ID
            - --identity-client-id=CLIENT_ID
            - --resource-group=RESOURCE_GROUP
          env:
${field("MY_POD_NAME", "metadata.name")}${field("MY_POD_NAMESPACE", "metadata.namespace")}${field("MY_POD_IP", "status.podIP")}      nodeSelector:
        kubernetes.io/os: linux
`;
}
