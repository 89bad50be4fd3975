import {
  type Assignment,
  type AssignmentDraft,
  type AssignmentState,
  readAssignment,
} from "../../src/api/assignment.ts";
import { type Binding, readBinding } from "../../src/api/binding.ts";
import { type PodException, readException } from "../../src/api/exception.ts";
import { type Identity, readIdentity } from "../../src/api/identity.ts";
import { ASSIGNMENT_FINALIZER, BINDING_LABEL } from "../../src/api/kinds.ts";
import { type Node, readNode } from "../../src/api/node.ts";
import { type Pod, readPod } from "../../src/api/pod.ts";

/** Builders for tests: they fill in what a case is not about. Every object is read as one from the API server is. */

const GROUP_PATH = "/subscriptions/sub/resourcegroups/rg/providers";

/** The resource ID of the user-assigned identity of that name. */
export function identityId(name: string): string {
  return `${GROUP_PATH}/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

/** The providerID of a node on the VM of that name. */
export function vmProviderId(name: string): string {
  return `azure://${GROUP_PATH}/Microsoft.Compute/virtualMachines/${name}`;
}

/** The providerID of an instance of a scale set. */
export function scaleSetProviderId(name: string, instance: number): string {
  return `azure://${GROUP_PATH}/Microsoft.Compute/virtualMachineScaleSets/${name}/virtualMachines/${instance}`;
}

type Meta = {
  readonly namespace?: string;
  readonly labels?: object;
  readonly annotations?: object;
  readonly uid?: string;
};

function metadata(name: string, { namespace = "default", uid = `uid-of-${name}`, ...rest }: Meta = {}): object {
  return { name, namespace, uid, resourceVersion: "1", ...rest };
}

export function identity(name: string, over: Meta & { readonly spec?: object } = {}): Identity {
  const { spec, ...meta } = over;
  return readIdentity({
    metadata: metadata(name, meta),
    spec: { type: 0, resourceID: identityId(name), clientID: `client-of-${name}`, ...spec },
  });
}

/** A binding of the identity with that name, for pods with the label `name`. */
export function binding(name: string, over: Meta & { readonly spec?: object } = {}): Binding {
  const { spec, ...meta } = over;
  return readBinding({
    metadata: metadata(`${name}-binding`, meta),
    spec: { azureIdentity: name, selector: name, ...spec },
  });
}

/** A running pod on `node-0` whose label has the value `selector`. */
export function pod(
  name: string,
  over: Meta & { readonly selector?: string; readonly spec?: object; readonly status?: object } = {},
): Pod {
  const { selector = "demo", spec, status, labels, ...meta } = over;
  return readPod({
    metadata: metadata(name, {
      ...meta,
      labels: { ...(selector === "" ? {} : { [BINDING_LABEL]: selector }), ...labels },
    }),
    spec: { nodeName: "node-0", ...spec },
    status: { phase: "Running", podIP: "10.244.0.2", ...status },
  });
}

export function node(
  name: string,
  providerId = vmProviderId(name),
  { status, ...meta }: Meta & { readonly status?: object } = {},
): Node {
  const metadata = { name, uid: `uid-of-${name}`, ...meta };
  return readNode({ metadata, spec: { providerID: providerId }, status });
}

export function exception(name: string, podLabels: Record<string, string>, over: Meta = {}): PodException {
  return readException({ metadata: metadata(name, over), spec: { podLabels } });
}

/** MIC's record that `of`'s identity is in `state` for a pod. */
export function assignment(
  of: { readonly pod: Pod; readonly identity: Identity; readonly binding: Binding },
  state: AssignmentState = "Assigned",
  over: Meta & { readonly nodeName?: string } = {},
): Assignment {
  const { nodeName = of.pod.nodeName, ...meta } = over;
  const name = `${of.pod.meta.name}-${of.pod.meta.namespace}-${of.identity.meta.name}`;
  const bare = readAssignment({
    metadata: { ...metadata(name, meta), finalizers: [ASSIGNMENT_FINALIZER] },
    spec: { pod: of.pod.meta.name, podNamespace: of.pod.meta.namespace, nodename: nodeName },
    status: { status: state },
  });
  return { ...bare, identity: of.identity, binding: of.binding };
}

/** What MIC is about to write of pod `web` on the machine of `node-0`. */
export function recordDraft(over: Partial<AssignmentDraft> = {}): AssignmentDraft {
  return {
    name: "web-default-demo",
    namespace: "default",
    identity: identity("demo"),
    binding: binding("demo"),
    pod: "web",
    podNamespace: "default",
    nodeName: "node-0",
    state: "Created",
    machine: "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-0",
    leftovers: [],
    ...over,
  };
}
