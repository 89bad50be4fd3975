import { type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import { belowZero, type FieldError, oneOf, required, wrong } from "../status.ts";
import { scheduleFault } from "./cron-schedule.ts";
import { jobTemplateErrors } from "./jobs.ts";

const POLICIES = ["Allow", "Forbid", "Replace"];

/** Jobs are named after it and the time. */
const LONGEST_NAME = 52;

/** Rules of what makes jobs by the clock. */
export function cronJobErrors({ metadata, spec: given }: JsonObject, old: KubeObject | undefined): FieldError[] {
  const spec = objectOr(given);
  const name = textOr(objectOr(metadata).name);
  const isLong = old === undefined && name.length > LONGEST_NAME;
  return [
    ...scheduleErrors(spec, old),
    ...belowZero("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds),
    ...zoneErrors(spec.timeZone),
    ...oneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, POLICIES),
    ...jobTemplateErrors(objectOr(objectOr(spec.jobTemplate).spec), "spec.jobTemplate.spec"),
    ...belowZero("spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit),
    ...belowZero("spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit),
    ...(isLong ? [wrong("metadata.name", name, `must be no more than ${LONGEST_NAME} characters`)] : []),
  ];
}

function scheduleErrors({ schedule: given }: JsonObject, old: KubeObject | undefined): FieldError[] {
  const field = "spec.schedule";
  const schedule = textOr(given);
  if (schedule === "") return [required(field)];
  const fault = scheduleFault(schedule);
  const hadZone = textOr(objectOr(old?.spec).schedule).includes("TZ");
  const elsewhere = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
  return [
    ...(fault === undefined ? [] : [wrong(field, schedule, fault)]),
    ...(schedule.includes("TZ") && !hadZone ? [wrong(field, schedule, elsewhere)] : []),
  ];
}

function zoneErrors(zone: unknown): FieldError[] {
  if (typeof zone !== "string") return [];
  const say = (why: string) => [wrong("spec.timeZone", zone, why)];
  if (zone === "") return say("timeZone must be nil or non-empty string");
  if (zone.toLowerCase() === "local") {
    return say("timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  }
  return isZone(zone) ? [] : say(`unknown time zone ${zone}`);
}

function isZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}
