import { appendFileSync } from "node:fs";

/** Runs something that is no test, and tells `npm run test:cluster` how long it took, in the file that CLUSTER_TIMES names. */
export async function timed<T>(part: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  try {
    return await work();
  } finally {
    const seconds = (performance.now() - begin) / 1000;
    if (process.env.CLUSTER_TIMES !== undefined) appendFileSync(process.env.CLUSTER_TIMES, `${part}\t${seconds}\n`);
  }
}
