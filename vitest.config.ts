import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    teardownTimeout: 180_000, // a cluster takes its time to end; vitest would leave in the midst of it
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "src/**/*.test.ts",
            "test/*.test.ts",
            "test/coverage/*.test.ts",
            "tools/*.test.ts",
            "bench/*.test.ts",
            "test/cluster/upgrade/judge/*.test.ts",
          ],
          exclude: ["**/*.live.test.ts"],
          testTimeout: 30_000, // milliseconds each, but a busy machine may stop for seconds
          isolate: false, // one process for many files: nothing of ours lives longer than a test
        },
      },
      {
        // Beside the code too, but with real servers, processes or seconds of real time.
        test: { name: "live", include: ["src/**/*.live.test.ts", "tools/*.live.test.ts"], testTimeout: 30_000 },
      },
      {
        // Random histories of MIC, in processes of their own.
        test: { name: "model", include: ["test/model/**/*.test.ts"], testTimeout: 1_800_000 },
      },
      {
        // Random requests to NMI as a process.
        test: {
          name: "fuzz",
          include: ["test/fuzz/**/*.test.ts"],
          testTimeout: 1_800_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Those beside the original's own program run where PEER_MIC names it, which no machine has by itself.
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          exclude: process.env.PEER_MIC === undefined ? ["test/contract/peer-*.test.ts"] : [],
          globalSetup: "test/support/kube/control-plane-setup.ts",
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The chart as Helm renders it, and installs it on real API servers that its files start.
        test: {
          name: "chart",
          include: ["test/chart/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The Dockerfile by buildah, for minutes: for `npm run test:images` alone.
        test: { name: "images", include: ["test/images/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 120_000 },
      },
      {
        // Releases before 2.0 and ours on a real cluster, for minutes: for `npm run test:upgrade` alone.
        test: {
          name: "upgrade",
          include: ["test/cluster/upgrade/*.test.ts"],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
      {
        // Real SDKs in network namespaces, side by side; test/clients/build makes the programs.
        test: {
          name: "clients",
          include: ["test/clients/**/*.test.ts"],
          exclude: ["**/*.long.test.ts"],
          maxConcurrency: 9,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The same for minutes: for `npm run clients` alone.
        test: {
          name: "clients-long",
          include: ["test/clients/**/*.long.test.ts"],
          maxConcurrency: 3, // programs of nine clients each
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        // A real cluster with nodes, pods and Azure around it; files one after the other, since they share it.
        test: {
          name: "cluster",
          include: ["test/cluster/*.test.ts"],
          globalSetup: "test/cluster/support/setup.ts",
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "test/support/kube/control-plane-setup.ts",
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
