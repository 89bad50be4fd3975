import type { ComputeManagementClientOptionalParams } from "@azure/arm-compute";
import type { Clock } from "../base/clock.ts";
import { isMachineUrl, retryAfterMs } from "./arm-fault.ts";

type AdditionalPolicy = NonNullable<ComputeManagementClientOptionalParams["additionalPolicies"]>[number];
type Policy = AdditionalPolicy["policy"];
type Request = Parameters<Policy["sendRequest"]>[0];
type Response = Awaited<ReturnType<Policy["sendRequest"]>>;

const POLLS_IN_VAIN = 5;
const PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

type PolicyOptions = { readonly apiVersion: string | undefined; readonly clock: Clock };

/** What we add to the SDK's own handling of requests. */
export function clientPolicies({ apiVersion, clock }: PolicyOptions): AdditionalPolicy[] {
  const policies = [patientPolls(clock), ...(apiVersion === undefined ? [] : [fixedVersion(apiVersion)])];
  return policies.map((policy) => ({ policy, position: "perCall" }));
}

function isPoll({ url }: Request): boolean {
  return !isMachineUrl(url);
}

/** The operation runs on in Azure whether we hear of it or not, so one poll that fails says nothing about it. */
function patientPolls(clock: Clock): Policy {
  return {
    name: "patientPolls",
    async sendRequest(request, next) {
      if (!isPoll(request)) return next(request);
      for (let left = POLLS_IN_VAIN; ; left -= 1) {
        const answer: Response | Error = await next(request).catch((reason: Error) => reason);
        const mayPass = answer instanceof Error || answer.status === 429 || answer.status >= 500;
        if (answer instanceof Error && (left === 0 || request.abortSignal?.aborted)) throw answer;
        if (!(answer instanceof Error) && (left === 0 || !mayPass)) return answer;
        await clock.sleep(pauseMs(answer, clock), abortable(request));
      }
    },
  };
}

function pauseMs(answer: Response | Error, clock: Clock): number {
  const asked = answer instanceof Error ? undefined : retryAfterMs(answer.headers.get("retry-after"), clock.now());
  return Math.min(asked ?? PAUSE_MS, LONGEST_PAUSE_MS);
}

function abortable({ abortSignal }: Request): AbortSignal | undefined {
  return abortSignal instanceof AbortSignal ? abortSignal : undefined;
}

/** The SDK writes the api-version it was made for into every URL; addresses of operations carry one of their own. */
function fixedVersion(apiVersion: string): Policy {
  return {
    name: "fixedVersion",
    sendRequest(request, next) {
      if (isPoll(request)) return next(request);
      const url = new URL(request.url);
      url.searchParams.set("api-version", apiVersion);
      request.url = url.href;
      return next(request);
    },
  };
}
