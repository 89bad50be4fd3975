import { readFile } from "node:fs/promises";
import { type Assignment, readAssignment } from "../../api/assignment.ts";
import { kinds } from "../../api/kinds.ts";
import { objectKey } from "../../api/meta.ts";
import { readPod } from "../../api/pod.ts";
import { Fault } from "../../base/fault.ts";
import { diagnoseAssignment } from "./diagnose.ts";
import { BYSTANDER, IDENTITY_NAME, NAMESPACE, POD, podYaml } from "./manifests.ts";
import { applyYaml, azureOf, type Step, until, type Walk } from "./walk.ts";

/** "6. Deployment and Validation": the demo pod, until MIC has put the identity on the pod's machine. */
export const deployPod: Step = {
  title: "Deployment: a pod with the label",
  run: async (walk) => {
    await applyYaml(walk, podYaml(POD, azureOf(walk), { selector: IDENTITY_NAME }));
    const assignment = await until(walk, {
      what: "the AzureAssignedIdentity",
      probe: async () => stateOf(await assignmentOf(walk)),
      diagnose: () => diagnoseAssignment(walk, POD),
    });
    const machine = machineOf(walk, assignment.nodeName);
    const onMachine = await walk.sandbox.azure.identitiesOn(machine);
    if (!onMachine.some((id) => id.toLowerCase() === azureOf(walk).resourceId.toLowerCase())) {
      throw new Fault(
        "STEP_FAILED",
        `${objectKey(assignment.meta)} says Assigned, but Azure does not have the identity on ${machine}`,
      );
    }
    walk.screen.ok(`Assigned: the identity is on ${machine}`);
  },
};

function stateOf(assignment: Assignment | undefined): { value: Assignment } | { now: string } {
  if (assignment === undefined) return { now: "not there yet" };
  return assignment.state === "Assigned" ? { value: assignment } : { now: assignment.state };
}

async function assignmentOf(walk: Walk): Promise<Assignment | undefined> {
  const all = await walk.client.list(kinds.assignment, {}, walk.signal);
  return all.map(readAssignment).find(({ pod, podNamespace }) => pod === POD && podNamespace === NAMESPACE);
}

function machineOf(walk: Walk, nodeName: string): string {
  const node = walk.sandbox.nodes.find(({ name }) => name === nodeName);
  if (node === undefined)
    throw new Fault("STEP_FAILED", `the AzureAssignedIdentity names node ${nodeName}, which does not exist`);
  return node.machineId;
}

/** Lists the AzureAssignedIdentity objects of all namespaces. */
export const listAssignments: Step = {
  title: "List the AzureAssignedIdentity objects",
  run: async (walk) => {
    walk.screen.typed("kubectl get AzureAssignedIdentities --all-namespaces");
    const all = (await walk.client.list(kinds.assignment, {}, walk.signal)).map(readAssignment);
    const rows = all.map((one) => [one.meta.namespace, one.meta.name, one.nodeName, one.state]);
    walk.screen.output(table([["NAMESPACE", "NAME", "NODE", "STATE"], ...rows]));
    if (all.length !== 1) throw new Fault("STEP_FAILED", `expected one AzureAssignedIdentity, found ${all.length}`);
    walk.screen.ok(`one, for pod ${NAMESPACE}/${POD}`);
  },
};

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

/** The demo's log has the lines of the guide. */
export const readLog: Step = {
  title: "Validation: the pod's log",
  run: async (walk) => {
    walk.screen.typed(`kubectl logs ${POD}`);
    const endpoint = "http://[^/]+"; // where the pod's metadata address is on this machine
    const expected = [
      `starting aad-pod-identity demo pod \\(namespace: ${NAMESPACE}, name: ${POD}, IP: ${await addressOf(walk)}\\)`,
      `curl -H Metadata:true "${endpoint}/metadata/instance\\?api-version=2017-08-01": \\{"compute":`,
      "successfully listed VMSS instances from ARM via AAD Pod Identity: \\[",
      `successfully acquired a service principal token from ${endpoint}/metadata/identity/oauth2/token\n`,
      `token from ${endpoint}/metadata/identity/oauth2/token using a user-assigned identity \\(${azureOf(walk).clientId}\\)`,
    ].map((line) => new RegExp(line));
    const log = await until(walk, {
      what: "the demo's lines",
      probe: () => linesOf(walk, POD, expected),
      diagnose: () => missing(walk, expected),
    });
    walk.screen.output(log);
    walk.screen.ok("the pod has tokens for ARM, and never saw a secret");
  },
};

async function addressOf(walk: Walk): Promise<string> {
  return readPod(await walk.client.get(kinds.pod, { namespace: NAMESPACE, name: POD }, walk.signal)).addresses[0] ?? "";
}

async function logOf(walk: Walk, pod: string): Promise<string> {
  return readFile(walk.sandbox.logOf(NAMESPACE, pod) ?? "", "utf8").catch(() => "");
}

async function linesOf(
  walk: Walk,
  pod: string,
  expected: readonly RegExp[],
): Promise<{ value: string } | { now: string }> {
  const log = await logOf(walk, pod);
  const found = expected.filter((line) => line.test(log)).length;
  return found === expected.length ? { value: log } : { now: `${found} of ${expected.length}` };
}

async function missing(walk: Walk, expected: readonly RegExp[]): Promise<string> {
  const log = await logOf(walk, POD);
  const line = expected.find((one) => !one.test(log));
  return `the log lacks ${line}; its last line is: ${log.trimEnd().split("\n").at(-1) || "(empty)"}`;
}

/** A pod without the label gets nothing, not even beside one that has it. */
export const refuseBystander: Step = {
  title: "A pod without the label gets no token",
  run: async (walk) => {
    const node = (await assignmentOf(walk))?.nodeName ?? "";
    walk.screen.say(`  It runs on ${node}, whose machine has the identity.`);
    await applyYaml(walk, podYaml(BYSTANDER, azureOf(walk), { node }));
    walk.screen.typed(`kubectl logs ${BYSTANDER}`);
    // Each of the demo's three requests must have come to its end, whichever it is.
    const ended = [
      /(failed to list machines|successfully listed VMSS)/,
      /(failed to acquire a token from IMDS,|successfully acquired .*\/token\n)/,
      /using (a )?user-assigned identity/,
    ];
    const log = await until(walk, { what: "the refusals", probe: () => linesOf(walk, BYSTANDER, ended) });
    const got = /.*successfully (listed|acquired).*/.exec(log)?.[0];
    if (got !== undefined)
      throw new Fault("STEP_FAILED", `pod ${BYSTANDER} got a token although no binding selects it: ${got}`);
    walk.screen.output(log);
    walk.screen.ok("refused, and the answer says why");
  },
};
