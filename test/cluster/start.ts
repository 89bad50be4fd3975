import { startCluster } from "./support/cluster.ts";

// Starts the cluster of the tests and leaves it until Ctrl-C, to try things on, or tests again and again:
//   CLUSTER=<the folder that it prints> vitest run --project cluster

await using cluster = await startCluster(({ name, seconds }) =>
  process.stderr.write(`${name}: ${seconds.toFixed(1)} s\n`),
);
process.stdout.write(`export CLUSTER=${cluster.folder}\n`);
await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
