import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Metadata } from "../tokens/metadata.ts";
import { machineNames } from "./arm.ts";
import type { DemoTask } from "./options.ts";

type Step = { readonly failure: string; readonly run: () => Promise<void> };

/**
 * One round of the walkthrough's demo: instance metadata, machines by ARM, a token of the pod's identity, and one of
 * the identity with the client ID. A step that fails is told and the next one runs. The log never holds a token.
 */
export async function demoRound(task: DemoTask, metadata: Metadata, log: Log, signal: AbortSignal): Promise<void> {
  for (const { failure, run } of steps(task, metadata, log, signal)) {
    try {
      await run();
    } catch (reason) {
      signal.throwIfAborted();
      log.error(`${failure}, error: ${Fault.from(reason).message}`);
    }
  }
}

function steps(task: DemoTask, metadata: Metadata, log: Log, signal: AbortSignal): readonly Step[] {
  const { resource, clientId, isOlder } = task;
  const older = (line: string) => isOlder && log.info(line);
  const instance = async () => {
    log.info(`curl -H Metadata:true "${metadata.instanceUrl}": ${await metadata.instance(signal)}`);
    older("successfully made GET on instance metadata");
  };
  const machines = async () => {
    const { accessToken } = await metadata.token(resource, { clientId }, signal);
    const scaleSets = await machineNames("virtualMachineScaleSets", task, accessToken, signal);
    log.info(`successfully listed VMSS instances from ARM via AAD Pod Identity: [${scaleSets.join(" ")}]`);
    if (!isOlder) return;
    const vms = await machineNames("virtualMachines", task, accessToken, signal);
    log.info(`successfully doARMOperations vm count ${vms.length}`);
  };
  const anyToken = async () => {
    await metadata.token(resource, {}, signal);
    log.info(`successfully acquired a service principal token from ${metadata.tokenUrl}`);
    older(`successfully acquired a token using the MSI, msiEndpoint(${metadata.tokenUrl})`);
  };
  const ownToken = async () => {
    await metadata.token(resource, { clientId }, signal);
    const user = `using a user-assigned identity (${clientId})`;
    log.info(`successfully acquired a service principal token from ${metadata.tokenUrl} ${user}`);
    older(`successfully acquired a token, userAssignedID MSI, msiEndpoint(${metadata.tokenUrl}) clientID(${clientId})`);
  };
  const wantsMachines = task.subscription !== "" && task.resourceGroup !== "";
  return [
    { failure: "failed to get the instance metadata", run: instance },
    ...(wantsMachines ? [{ failure: "failed to list machines from ARM", run: machines }] : []),
    { failure: "failed to acquire a token from IMDS", run: anyToken },
    ...(clientId === ""
      ? []
      : [{ failure: "failed to acquire a token from IMDS using user-assigned identity", run: ownToken }]),
  ];
}
