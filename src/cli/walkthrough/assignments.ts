import { type Assignment, readAssignment } from "../../api/assignment.ts";
import { kinds } from "../../api/kinds.ts";
import { objectKey } from "../../api/meta.ts";
import { Fault } from "../../base/fault.ts";
import { diagnoseAssignment } from "./diagnose.ts";
import { kubectl } from "./typing.ts";
import { identityOf, type Standing, until, type Walk } from "./walk.ts";

type Wanted = { readonly namespace: string; readonly pod: string; readonly identity: string };

const COLUMNS =
  "custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,NODE:.spec.nodename,STATE:.status.status";

/** Waits until a pod's machine has the identity, and asks Azure whether that is so. */
export async function isAssigned(walk: Walk, wanted: Wanted): Promise<void> {
  const { nodeName, meta } = await until(walk, {
    what: "the AzureAssignedIdentity",
    probe: async () => stateOf(await assignmentOf(walk, wanted)),
    diagnose: () => diagnoseAssignment(walk, wanted.pod),
  });
  const node = walk.sandbox.nodes.find(({ name }) => name === nodeName);
  if (node === undefined)
    throw new Fault("STEP_FAILED", `the AzureAssignedIdentity names node ${nodeName}, which does not exist`);
  const { resourceId } = identityOf(walk, wanted.identity);
  const onMachine = await walk.sandbox.azure.identitiesOn(node.machineId);
  if (!onMachine.some((id) => id.toLowerCase() === resourceId.toLowerCase())) {
    const why = `${objectKey(meta)} says Assigned, but Azure does not have the identity on ${node.machineId}`;
    throw new Fault("STEP_FAILED", why);
  }
  walk.screen.ok(`${wanted.identity} is on the machine of node ${nodeName}, says Azure`);
}

function stateOf(assignment: Assignment | undefined): Standing<Assignment> {
  if (assignment === undefined) return { now: "not there yet" };
  return assignment.state === "Assigned" ? { value: assignment } : { now: assignment.state || "without a state" };
}

async function assignmentOf(walk: Walk, wanted: Wanted): Promise<Assignment | undefined> {
  const all = (await walk.client.list(kinds.assignment, {}, walk.signal)).map(readAssignment);
  return all.find(
    ({ pod, podNamespace, identity }) =>
      pod === wanted.pod && podNamespace === wanted.namespace && identity.meta.name === wanted.identity,
  );
}

/** Lists all of them. @throws Fault STEP_FAILED when there are more or fewer */
export async function listAssignments(walk: Walk, count: number): Promise<void> {
  await kubectl(walk, ["get", "azureassignedidentities", "--all-namespaces", "-o", COLUMNS]);
  const all = await walk.client.list(kinds.assignment, {}, walk.signal);
  if (all.length !== count) throw new Fault("STEP_FAILED", `expected ${count} of them, found ${all.length}`);
}
