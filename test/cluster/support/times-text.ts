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
type Row = readonly [part: string, seconds: number, more?: string];

const SLOWEST = 8;

/** How long each part took that is no test, each file, all together, and which tests took longest. */
export function timesText(
  times: readonly (readonly [string, number])[],
  { testResults }: Report,
  seconds: number,
): string {
  const once = [...Map.groupBy(times, ([part]) => part)];
  const parts = once.filter(([, all]) => all.length === 1).map(([part, [one]]): Row => [part, one?.[1] ?? 0]);
  const repeated = once.filter(([, all]) => all.length > 1);
  const files = testResults.toSorted((a, b) => a.startTime - b.startTime).map(fileRow);
  const rest = seconds - [...parts, ...files].reduce((sum, [, one]) => sum + one, 0);
  const among = repeated.map(([part, all]) => `${part} ${all.length} times in ${fixed(total(all))} s`).join(", ");
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ title, duration }): Row => [partOf(name), (duration ?? 0) / 1000, title]),
  );
  const slowest = tests.toSorted((a, b) => b[1] - a[1]).slice(0, SLOWEST);
  const all: Row[] = [...parts, ...files, ["between the tests", rest, among], ["together", seconds]];
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

const total = (all: readonly (readonly [string, number])[]) => all.reduce((sum, [, one]) => sum + one, 0);
const fixed = (seconds: number) => seconds.toFixed(1);
const partOf = (file: string) => basename(file, ".test.ts");
