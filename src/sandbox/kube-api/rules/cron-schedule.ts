type Bounds = { readonly least: number; readonly most: number; readonly names?: readonly string[] };

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: readonly Bounds[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 6, names: DAYS },
];

const DESCRIPTORS = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
const EVERY = "@every ";
/** A duration as Go reads it. */
const DURATION = /^[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

class ScheduleError extends Error {}

/** What is wrong with the schedule of a CronJob, as the API server's parser says it; undefined when nothing is. */
export function scheduleFault(schedule: string): string | undefined {
  try {
    check(schedule.replace(/^(?:CRON_)?TZ=\S* +/, ""));
    return undefined;
  } catch (reason) {
    if (reason instanceof ScheduleError) return reason.message;
    throw reason;
  }
}

function check(schedule: string): void {
  if (schedule.startsWith("@")) {
    checkDescriptor(schedule);
    return;
  }
  const fields = schedule.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== FIELDS.length) {
    throw new ScheduleError(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(" ")}]`);
  }
  for (const [i, bounds] of FIELDS.entries()) {
    for (const range of (fields[i] ?? "").split(",")) if (range !== "") checkRange(range, bounds);
  }
}

function checkDescriptor(schedule: string): void {
  if (schedule.startsWith(EVERY)) {
    const duration = schedule.slice(EVERY.length);
    if (DURATION.test(duration)) return;
    const what = /^[+-]?\d+(\.\d*)?$/.test(duration) ? "missing unit in duration" : "invalid duration";
    throw new ScheduleError(`failed to parse duration ${schedule}: time: ${what} ${JSON.stringify(duration)}`);
  }
  if (!DESCRIPTORS.includes(schedule)) throw new ScheduleError(`unrecognized descriptor: ${schedule}`);
}

/** `5`, `1-5`, `*`, each with a step after a slash. */
function checkRange(range: string, bounds: Bounds): void {
  const [ends = "", stepText, ...moreSteps] = range.split("/");
  const [start, end] = endsOf(ends, range, bounds);
  const step = stepText === undefined || moreSteps.length > 0 ? 1 : numberOf(stepText);
  if (moreSteps.length > 0) throw new ScheduleError(`too many slashes: ${range}`);
  const last = stepText !== undefined && !ends.includes("-") ? bounds.most : end;
  if (start < bounds.least)
    throw new ScheduleError(`beginning of range (${start}) below minimum (${bounds.least}): ${range}`);
  if (last > bounds.most) throw new ScheduleError(`end of range (${last}) above maximum (${bounds.most}): ${range}`);
  if (start > last) throw new ScheduleError(`beginning of range (${start}) beyond end of range (${last}): ${range}`);
  if (step === 0) throw new ScheduleError(`step of range should be a positive number: ${range}`);
}

function endsOf(text: string, range: string, { least, most, names }: Bounds): readonly [number, number] {
  const [low = "", high, ...more] = text.split("-");
  if (low === "*" || low === "?") return [least, most];
  const read = (part: string) => {
    const place = names?.indexOf(part.toLowerCase()) ?? -1;
    return place < 0 ? numberOf(part) : place + least;
  };
  const start = read(low);
  if (more.length > 0) throw new ScheduleError(`too many hyphens: ${range}`);
  return [start, high === undefined ? start : read(high)];
}

function numberOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ScheduleError(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  const number = Number(text);
  if (number < 0) throw new ScheduleError(`negative number (${number}) not allowed: ${text}`);
  return number;
}
