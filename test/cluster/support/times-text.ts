import { basename } from "node:path";

/** What vitest's JSON reporter writes; times in milliseconds. */
export type Report = {
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly duration?: number | null;
    }[];
  }[];
};
/** Something that is no test; `meanwhile` where it is part of a file. */
export type Time = { readonly part: string; readonly seconds: number; readonly meanwhile: boolean };
type Row = readonly [part: string, seconds: number, more?: string];

const SLOWEST = 8;

/** How long each part took that is no test, each file, all together, and which tests took longest. */
export function timesText(times: readonly Time[], { testResults }: Report, seconds: number): string {
  const parts = times.filter(({ meanwhile }) => !meanwhile).map(({ part, seconds: one }): Row => [part, one]);
  const among = [
    ...Map.groupBy(
      times.filter(({ meanwhile }) => meanwhile),
      ({ part }) => part,
    ),
  ].map(([part, all]) => {
    const sum = all.reduce((before, one) => before + one.seconds, 0);
    return `${part} ${all.length === 1 ? "once" : `${all.length} times`} in ${fixed(sum)} s`;
  });
  const files = testResults.toSorted((a, b) => a.startTime - b.startTime).map(fileRow);
  const rest = seconds - [...parts, ...files].reduce((sum, [, one]) => sum + one, 0);
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ title, duration }): Row => [partOf(name), (duration ?? 0) / 1000, title]),
  );
  const slowest = tests.toSorted((a, b) => b[1] - a[1]).slice(0, SLOWEST);
  const all: Row[] = [...parts, ...files, ["between the tests", rest, among.join(", ")], ["together", seconds]];
  return `${table("part", all)}\n${table("slowest tests", slowest)}`;
}

function fileRow({ name, startTime, endTime, assertionResults }: Report["testResults"][number]): Row {
  const passed = assertionResults.filter(({ status }) => status === "passed").length;
  return [partOf(name), (endTime - startTime) / 1000, `${passed} of ${assertionResults.length} tests passed`];
}

function table(title: string, rows: readonly Row[]): string {
  const width = Math.max(title.length, ...rows.map(([part]) => part.length));
  const lines = rows.map(([part, seconds, more = ""]) =>
    `${part.padEnd(width)}  ${fixed(seconds).padStart(7)}  ${more}`.trimEnd(),
  );
  return [`${title.padEnd(width)}  seconds`, ...lines, ""].join("\n");
}

const fixed = (seconds: number) => seconds.toFixed(1);
const partOf = (file: string) => basename(file, ".test.ts");
