import { appendFileSync } from "node:fs";
import type { Time } from "./times-text.ts";

/** Tells `npm run test:cluster` how long something took that is no test, in the file that CLUSTER_TIMES names. */
export function tellTime(time: Time): void {
  if (process.env.CLUSTER_TIMES !== undefined) appendFileSync(process.env.CLUSTER_TIMES, `${JSON.stringify(time)}\n`);
}

/** Runs what belongs to a file of tests, and tells how long it took. */
export async function timed<T>(part: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  try {
    return await work();
  } finally {
    tellTime({ part, seconds: (performance.now() - begin) / 1000, meanwhile: true });
  }
}
