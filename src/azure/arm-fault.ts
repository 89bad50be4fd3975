import { parseResourceId } from "../api/resource-id.ts";
import { Fault, type FaultCode } from "../base/fault.ts";

/** The parts of an SDK's error that tell what happened; any of them may be absent. */
type SdkError = {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly request?: { readonly url: string };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
};

const LONGEST_MESSAGE = 500;
const IDENTITY =
  /\/subscriptions\/[^/'",\s]+\/resourcegroups\/[^/'",\s]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/'",\s)]+/gi;
/** How the poller words an operation that Azure ended as failed. */
const FAILED_OPERATION = /^The long-running operation has failed\. (\w+)\. (.*)$/s;
const GONE = ["ResourceNotFound", "ResourceGroupNotFound", "NotFound"];
/** The path of a VM or scale set itself; all our other requests ask how an operation fares. */
const MACHINE_PATH = /\/Microsoft\.Compute\/(virtualMachines|virtualMachineScaleSets)\/[^/]+$/i;

/** Whether a request reads or changes a machine itself. */
export function isMachineUrl(url: string): boolean {
  return MACHINE_PATH.test(new URL(url).pathname);
}

/**
 * What went wrong in a call to Azure for a machine, in one sentence that names the machine, the identities that Azure
 * names, and what to do.
 */
export function armFault(reason: unknown, machine: string): Fault {
  if (reason instanceof Fault) return reason;
  const error = (typeof reason === "object" && reason !== null ? reason : {}) as SdkError;
  const [, failedCode, failedMessage] = FAILED_OPERATION.exec(error.message ?? "") ?? [];
  const code = failedCode ?? error.code ?? "";
  const said = tidy(failedMessage ?? error.message ?? String(reason));
  const identities = [...new Set(said.match(IDENTITY) ?? [])].join(",");
  const make = (fault: FaultCode, sentence: string) =>
    new Fault(fault, sentence, {
      cause: reason,
      facts: { machine, ...(code === "" ? {} : { code }), ...(identities === "" ? {} : { identities }) },
      retryAfterMs: retryAfterMs(error.response?.headers?.get("retry-after"), Date.now()),
    });
  const name = shortName(machine);

  if (isCredentialError(error)) {
    return make("ARM_CREDENTIAL", `Entra ID gives MIC no token: ${said}; check how azure.json says that MIC signs in`);
  }
  if (code === "LinkedAuthorizationFailed") {
    const role = `grant it the role Managed Identity Operator on ${identities || "the identity"}`;
    return make("ARM_IDENTITY_REFUSED", `MIC may not put the identity on ${name}: ${role}`);
  }
  if (code === "FailedIdentityOperation") {
    const check = `check that ${identities || "the identity"} exists in Azure`;
    return make("ARM_IDENTITY_REFUSED", `Azure refused an identity for ${name}: ${check} (${said})`);
  }
  return make(...byStatus(error, code, said, name));
}

function byStatus(error: SdkError, code: string, said: string, name: string): [FaultCode, string] {
  switch (error.statusCode) {
    case 401:
      return [
        "ARM_CREDENTIAL",
        `Azure does not accept MIC's token: ${said}; check how azure.json says that MIC signs in`,
      ];
    case 403:
      return [
        "ARM_FORBIDDEN",
        `MIC may not change ${name}: grant it the role Virtual Machine Contributor there (${said})`,
      ];
    case 404:
      // Azure forgets operations after a while, which says nothing about the machine.
      if (GONE.includes(code) && error.request !== undefined && isMachineUrl(error.request.url)) {
        return ["ARM_NOT_FOUND", `${name} does not exist in Azure: ${said}`];
      }
      break;
    case 429:
      return ["ARM_THROTTLED", `Azure asked MIC to change ${name} later: ${said}`];
    case undefined:
      if (code !== "" && error.name === "RestError") {
        return [
          "ARM_UNREACHABLE",
          `Azure Resource Manager does not answer (${code}): check the network and the cloud's endpoints`,
        ];
      }
  }
  return ["ARM_ERROR", `Azure could not change ${name}, MIC tries again: ${said}`];
}

function isCredentialError({ name }: SdkError): boolean {
  return (
    name === "AuthenticationError" || name === "CredentialUnavailableError" || name === "AuthenticationRequiredError"
  );
}

/** A machine as a person would call it. */
function shortName(machine: string): string {
  const id = parseResourceId(machine);
  if (id === undefined) return machine;
  const noun = id.type.toLowerCase() === "virtualmachinescalesets" ? "scale set" : "VM";
  return `${noun} ${id.name} of resource group ${id.resourceGroup}`;
}

function tidy(message: string): string {
  const line = message.replace(/\s+/g, " ").trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

/** A Retry-After header, seconds or a date, as milliseconds from now; undefined when there is none that makes sense. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
