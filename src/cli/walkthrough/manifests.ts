/** The YAML of the walkthroughs, as the guides have people type it. */

/** A user-assigned identity on Azure. */
export type AzureIdentityNames = { readonly resourceId: string; readonly clientId: string };
/** Where a demo pod finds Azure, and what it lists there. */
export type DemoTarget = {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly clientId: string;
};
type Named = { readonly name: string; readonly namespace?: string };

function head(kind: string, { name, namespace }: Named): string {
  const place = namespace === undefined ? "" : `\n  namespace: ${namespace}`;
  return `apiVersion: aadpodidentity.k8s.io/v1\nkind: ${kind}\nmetadata:\n  name: ${name}${place}\n`;
}

export function identityYaml({ resourceId, clientId, ...named }: Named & AzureIdentityNames): string {
  return `${head("AzureIdentity", named)}spec:
  type: 0
  resourceID: ${resourceId}
  clientID: ${clientId}
`;
}

export type Principal = {
  readonly type: 1 | 2;
  readonly tenantId: string;
  readonly clientId: string;
  readonly secretName: string;
  readonly authority: string;
};

export function principalYaml(principal: Named & Principal): string {
  return `${head("AzureIdentity", principal)}spec:
  type: ${principal.type} # service principal with ${principal.type === 1 ? "client secret" : "certificate"}
  tenantID: ${principal.tenantId}
  clientID: ${principal.clientId}
  clientPassword:
    name: ${principal.secretName}
  adEndpoint: ${principal.authority} # the sandbox's Entra ID
`;
}

type Binding = Named & { readonly identity: string; readonly selector: string; readonly weight?: number };

export function bindingYaml({ identity, selector, weight, ...named }: Binding): string {
  return `${head("AzureIdentityBinding", named)}spec:
  azureIdentity: ${identity}
  selector: ${selector}
${weight === undefined ? "" : `  weight: ${weight}\n`}`;
}

/** The same two objects as guides from before release 1.6 spell them. */
export function olderSpelling(yaml: string): string {
  const older = {
    resourceID: "ResourceID",
    clientID: "ClientID",
    azureIdentity: "AzureIdentity",
    selector: "Selector",
  };
  return Object.entries(older).reduce((text, [name, old]) => text.replace(`  ${name}:`, `  ${old}:`), yaml);
}

function demoArgs({ subscription, resourceGroup, clientId }: DemoTarget): string {
  return `        - --subscription-id=${subscription}
        - --resource-group=${resourceGroup}
        - --identity-client-id=${clientId}
`;
}

/** The demo pod of the guide. */
export function guidePodYaml(name: string, selector: string, target: DemoTarget): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels:
    aadpodidbinding: ${selector}
spec:
  containers:
    - name: demo
      image: aad-pod-identity/demo:dev
      args:
${demoArgs(target)}      env:
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
  nodeSelector:
    kubernetes.io/os: linux
`;
}

export type DemoPod = Named & {
  readonly labels?: Readonly<Record<string, string>>;
  /** Puts it on this node. */
  readonly node?: string;
  /** How long it rests between two rounds, e.g. `1s`. */
  readonly period?: string;
  readonly target: DemoTarget;
};

/** The same pod, no longer than it has to be. */
export function podYaml({ name, namespace, labels = {}, node, period, target }: DemoPod): string {
  const lines = Object.entries(labels).map(([key, value]) => `    ${key}: ${value}\n`);
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
${namespace === undefined ? "" : `  namespace: ${namespace}\n`}${lines.length === 0 ? "" : `  labels:\n${lines.join("")}`}spec:
${node === undefined ? "" : `  nodeName: ${node}\n`}  containers:
    - name: demo
      image: aad-pod-identity/demo:dev
      args:
${demoArgs(target)}${period === undefined ? "" : `        - --period=${period}\n`}      env:
        - { name: MY_POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
        - { name: MY_POD_NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
        - { name: MY_POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
`;
}

/** Several objects in one text. */
export function together(...texts: readonly string[]): string {
  return texts.join("---\n");
}
