import { Fault, type FaultCode } from "../base/fault.ts";
import { roleAssignment } from "./az-command.ts";
import { identitiesIn, identityTrouble, isRoleMissing, otherAction } from "./identity-refusal.ts";
import { machineName } from "./machine-name.ts";

/** The parts of an SDK's error that tell what happened; any of them may be absent. */
type SdkError = {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly request?: { readonly url: string; readonly method?: string };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
};

const LONGEST_MESSAGE = 500;
/** Azure names who lacks a role by the object ID, which is what a role assignment takes. */
const PRINCIPAL = /with object id '([\w-]+)'/i;
/** How the poller words an operation that Azure ended as failed. */
const FAILED_OPERATION = /^The long-running operation has failed\. (\w+)\. (.*)$/s;
/** Answers to a change that are about what is in it, as long as they are about nothing else that MIC knows. */
const REFUSALS = [400, 403, 404, 413, 422];
/** Answers of a cloud, or of a region, that does not know the api-version of a request. */
const VERSION_UNKNOWN = new Set(["InvalidApiVersionParameter", "NoRegisteredProviderFound", "InvalidResourceType"]);
const GONE = ["ResourceNotFound", "ResourceGroupNotFound", "NotFound"];
/** The path of a VM or scale set itself; all our other requests ask how an operation fares. */
const MACHINE_PATH = /\/Microsoft\.Compute\/(virtualMachines|virtualMachineScaleSets)\/[^/]+$/i;

/** Whether a request reads or changes a machine itself. */
export function isMachineUrl(url: string): boolean {
  return MACHINE_PATH.test(new URL(url).pathname);
}

/** An error of Azure, read. */
type Told = {
  readonly machine: string;
  readonly name: string;
  readonly code: string;
  readonly status: number | undefined;
  /** All that it says, and the beginning of it on one line. */
  readonly whole: string;
  readonly said: string;
  readonly principal: string | undefined;
  readonly isAboutMachine: boolean;
  /** What MIC was about to do with the machine. */
  readonly verb: "read" | "change";
  /** Azure's answer to a change itself, not to a question how it fares. */
  readonly isAnswerToChange: boolean;
};

/**
 * What went wrong in a call to Azure for a machine, in one sentence that names the machine and what to do. Facts tell
 * Azure's code and status, and all identities that it names, separated by commas.
 */
export function armFault(reason: unknown, machine: string): Fault {
  if (reason instanceof Fault) return reason;
  const error = (typeof reason === "object" && reason !== null ? reason : {}) as SdkError;
  const told = read(error, reason, machine);
  const { code, status, principal, whole } = told;
  const identities = identitiesIn(whole).join(",");
  const [fault, sentence] = isCredentialError(error)
    ? noToken(told)
    : (aboutVersion(told) ?? aboutIdentities(told, identities) ?? byStatus(told, error));
  return new Fault(fault, sentence, {
    cause: reason,
    facts: {
      machine,
      ...(code === "" ? {} : { code }),
      ...(status === undefined ? {} : { status }),
      ...(identities === "" ? {} : { identities }),
      ...(principal === undefined ? {} : { principal }),
    },
    retryAfterMs: retryAfterMs(error.response?.headers?.get("retry-after"), Date.now()),
  });
}

function read(error: SdkError, reason: unknown, machine: string): Told {
  const [, failedCode, failedMessage] = FAILED_OPERATION.exec(error.message ?? "") ?? [];
  const whole = failedMessage ?? error.message ?? String(reason);
  const isAboutMachine = error.request !== undefined && isMachineUrl(error.request.url);
  return {
    machine,
    name: machineName(machine),
    code: failedCode ?? error.code ?? "",
    status: error.statusCode,
    whole,
    said: tidy(whole),
    principal: PRINCIPAL.exec(whole)?.[1],
    isAboutMachine,
    verb: isAboutMachine && error.request?.method === "GET" ? "read" : "change",
    isAnswerToChange: isAboutMachine && error.request?.method === "PATCH",
  };
}

type Sentence = readonly [FaultCode, string];

function noToken({ said }: Told): Sentence {
  return ["ARM_CREDENTIAL", `Entra ID gives MIC no token: ${said}; check how azure.json says that MIC signs in`];
}

/** Nothing in a request counts when its api-version does not, so nobody is to blame for it. */
function aboutVersion({ code, said, name }: Told): Sentence | undefined {
  if (!isVersionUnknown(code)) return undefined;
  const fix = "set --arm-api-version to one that it knows";
  return [
    "ARM_VERSION_UNSUPPORTED",
    `The cloud does not know the api-version with which MIC asks for ${name}: ${fix} (${said})`,
  ];
}

function aboutIdentities({ code, whole, said, name, principal }: Told, identities: string): Sentence | undefined {
  const other = otherAction(code, whole);
  if (other !== undefined) {
    const lacks = `MIC lacks the right to ${other.action} on ${other.scope}`;
    const fix = "grant it a role with that action there";
    return ["ARM_FORBIDDEN", `${lacks}, without which Azure lets nobody change ${name}: ${fix}`];
  }
  switch (identityTrouble(code, whole)?.kind) {
    case "too many": {
      const fix = "take some off it that nobody needs, or spread the pods over more machines";
      return ["ARM_IDENTITY_QUOTA", `${name} carries as many identities as Azure allows: ${fix} (${said})`];
    }
    case "passing":
      return ["ARM_ERROR", `Azure could not change ${name}, MIC tries again: ${said}`];
    case "refused": {
      if (!isRoleMissing(code)) {
        const check = `check that ${identities || "the identity"} exists in Azure`;
        return ["ARM_IDENTITY_REFUSED", `Azure refused an identity for ${name}: ${check} (${said})`];
      }
      const grant = roleAssignment("Managed Identity Operator", principal, identities || "<the identity>");
      return ["ARM_IDENTITY_REFUSED", `MIC may not put the identity on ${name}: grant it the role with ${grant}`];
    }
    case undefined:
      return undefined;
  }
}

function byStatus(told: Told, error: SdkError): Sentence {
  const { code, said, name, status, machine, principal, verb, isAboutMachine, isAnswerToChange } = told;
  if (status === 401) {
    return [
      "ARM_CREDENTIAL",
      `Azure does not accept MIC's token: ${said}; check how azure.json says that MIC signs in`,
    ];
  }
  // Azure forgets operations after a while, which says nothing about the machine.
  if (status === 404 && GONE.includes(code) && isAboutMachine) {
    return ["ARM_NOT_FOUND", `${name} does not exist in Azure: ${said}`];
  }
  if (status === 403 && isRoleMissing(code)) {
    const grant = roleAssignment("Virtual Machine Contributor", principal, groupOf(machine));
    return ["ARM_FORBIDDEN", `MIC may not ${verb} ${name}: grant it the role with ${grant} (${said})`];
  }
  if (isAnswerToChange && status === 412) {
    return ["ARM_MACHINE_CHANGED", `${name} was changed in Azure while MIC was about to change it: MIC looks again`];
  }
  if (isAnswerToChange && status !== undefined && REFUSALS.includes(status)) {
    return ["ARM_CHANGE_REFUSED", `Azure refuses a change of ${name} (${code}): ${said}`];
  }
  if (status === 403) return ["ARM_FORBIDDEN", `Azure does not let MIC ${verb} ${name} (${code}): ${said}`];
  if (status === 429) return ["ARM_THROTTLED", `Azure asked MIC to ${verb} ${name} later: ${said}`];
  if (status === undefined && code !== "" && error.name === "RestError") {
    const check = "check the network and the cloud's endpoints";
    return ["ARM_UNREACHABLE", `Azure Resource Manager does not answer (${code}): ${check}`];
  }
  return ["ARM_ERROR", `Azure could not ${verb} ${name}, MIC tries again: ${said}`];
}

/** Whether an error's code says that the cloud does not know the api-version. */
export function isVersionUnknown(code: string): boolean {
  return VERSION_UNKNOWN.has(code);
}

function isCredentialError({ name }: SdkError): boolean {
  return (
    name === "AuthenticationError" || name === "CredentialUnavailableError" || name === "AuthenticationRequiredError"
  );
}

/** The resource group of a machine: a role there counts for all its machines, those to come included. */
function groupOf(machine: string): string {
  return /^(.*?\/resourceGroups\/[^/]+)/i.exec(machine)?.[1] ?? machine;
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
