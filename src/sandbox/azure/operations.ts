/** Every call that the emulators answer, by service and what it does. */
export const operations = [
  "arm.resourceGroups.get",
  "arm.resourceGroups.put",
  "arm.userAssignedIdentities.get",
  "arm.userAssignedIdentities.list",
  "arm.userAssignedIdentities.put",
  "arm.userAssignedIdentities.update",
  "arm.userAssignedIdentities.delete",
  "arm.systemAssignedIdentities.get",
  "arm.federatedIdentityCredentials.get",
  "arm.federatedIdentityCredentials.list",
  "arm.federatedIdentityCredentials.put",
  "arm.federatedIdentityCredentials.delete",
  "arm.roleAssignments.get",
  "arm.roleAssignments.list",
  "arm.roleAssignments.put",
  "arm.roleAssignments.delete",
  "arm.roleDefinitions.get",
  "arm.roleDefinitions.list",
  "arm.virtualMachines.get",
  "arm.virtualMachines.list",
  "arm.virtualMachines.update",
  "arm.virtualMachines.put",
  "arm.virtualMachines.delete",
  "arm.virtualMachineScaleSets.get",
  "arm.virtualMachineScaleSets.list",
  "arm.virtualMachineScaleSets.update",
  "arm.virtualMachineScaleSets.put",
  "arm.virtualMachineScaleSets.delete",
  "arm.virtualMachineScaleSetVMs.get",
  "arm.virtualMachineScaleSetVMs.list",
  "arm.operations.get",
  "entra.discovery",
  "entra.keys",
  "entra.token",
  "imds.attested",
  "imds.identityInfo",
  "imds.instance",
  "imds.scheduledEvents.get",
  "imds.scheduledEvents.start",
  "imds.token",
  "imds.versions",
] as const;

export type Operation = (typeof operations)[number];

/** An answer in place of the real one; or the connection closed without any. */
export type Failure =
  | {
      readonly status: number;
      /** The service's name for the error; the one that usually goes with the status when absent. */
      readonly code?: string;
      readonly message: string;
      readonly retryAfterSeconds?: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | "connection closed";

const CODES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  arm: {
    401: "InvalidAuthenticationToken",
    403: "AuthorizationFailed",
    404: "ResourceNotFound",
    409: "Conflict",
    429: "TooManyRequests",
    503: "ServerBusy",
    504: "GatewayTimeout",
  },
  entra: { 429: "90055", 500: "90033", 503: "90033" },
  imds: { 400: "invalid_request", 404: "not_found", 410: "gone", 429: "too_many_requests" },
};
const OTHER_CODES: Readonly<Record<string, string>> = { arm: "InternalServerError", entra: "server_error" };

/** What the service of an operation usually calls an error of that status. */
export function usualCode(operation: Operation, status: number): string {
  const [service = ""] = operation.split(".");
  return CODES[service]?.[status] ?? OTHER_CODES[service] ?? "unknown";
}
