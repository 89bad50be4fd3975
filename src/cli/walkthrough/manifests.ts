/** The YAML of the walkthrough, as the guide has people type it. */

export const IDENTITY_NAME = "demo";
export const NAMESPACE = "default";
/** The pod whose label matches the binding, and the one without a label. */
export const POD = "demo";
export const BYSTANDER = "bystander";

export type AzureNames = {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly resourceId: string;
  readonly clientId: string;
  readonly armUrl: string;
};

export function identityYaml({ resourceId, clientId }: AzureNames): string {
  return `apiVersion: "aadpodidentity.k8s.io/v1"
kind: AzureIdentity
metadata:
  name: ${IDENTITY_NAME}
spec:
  type: 0
  resourceID: ${resourceId}
  clientID: ${clientId}
`;
}

export function bindingYaml(): string {
  return `apiVersion: "aadpodidentity.k8s.io/v1"
kind: AzureIdentityBinding
metadata:
  name: ${IDENTITY_NAME}-binding
spec:
  azureIdentity: ${IDENTITY_NAME}
  selector: ${IDENTITY_NAME}
`;
}

/** The same two objects as guides from before release 1.6 spell them. */
export function olderIdentityYaml(azure: AzureNames): string {
  return identityYaml(azure).replace("resourceID:", "ResourceID:").replace("clientID:", "ClientID:");
}

export function olderBindingYaml(): string {
  return bindingYaml().replace("azureIdentity:", "AzureIdentity:").replace("selector:", "Selector:");
}

/** The demo pod of the guide; without a selector it carries no label, and with a node it runs there. */
export function podYaml(
  name: string,
  azure: AzureNames,
  where: { readonly selector: string } | { readonly node: string },
): string {
  const labels = "selector" in where ? `  labels:\n    aadpodidbinding: ${where.selector}\n` : "";
  const place = "node" in where ? `nodeName: ${where.node}` : "nodeSelector:\n    kubernetes.io/os: linux";
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
${labels}spec:
  containers:
  - name: demo
    image: aad-pod-identity/demo:dev
    args:
      - --subscription-id=${azure.subscription}
      - --resource-group=${azure.resourceGroup}
      - --identity-client-id=${azure.clientId}
      - --arm-endpoint=${azure.armUrl}
    env:
      - name: MY_POD_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
      - name: MY_POD_NAMESPACE
        valueFrom:
          fieldRef:
            fieldPath: metadata.namespace
      - name: MY_POD_IP
        valueFrom:
          fieldRef:
            fieldPath: status.podIP
  ${place}
`;
}
