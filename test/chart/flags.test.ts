import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/base/options.ts";
import { allOptions } from "../../src/bin/program.ts";
import { micOptions } from "../../src/mic/options.ts";
import { nmiOptions } from "../../src/nmi/start/options.ts";
import { startProblems } from "../../src/nmi/start/problems.ts";
import { CHART, containerOf, helmMissing, type Rendered, render, the, type Values } from "../support/chart/helm.ts";

const missing = helmMissing();
const read = (file: string) => readFileSync(join(CHART, "templates", file), "utf8");
const flagsIn = (file: string) => new Set([...read(file).matchAll(/"--([\w-]+)/g)].map(([, flag]) => flag));

/** The command line that a container has, as its program reads it. */
function args(objects: readonly Rendered[], kind: string): readonly string[] {
  return containerOf(the(objects, kind)).args.map((flag: string) => flag.replace("$(NODE_NAME)", "node"));
}

describe.skipIf(missing !== undefined)(`command lines of the chart${missing ? ` (skipped: ${missing})` : ""}`, () => {
  const everything: Values = {
    customUserAgent: "me",
    mic: {
      logVerbosity: 1,
      loggingFormat: "json",
      leaderElection: { instance: "a", namespace: "b", name: "c", duration: "20s" },
      legacyLock: false,
      probePort: 1,
      syncRetryDuration: "1h",
      immutableUserMSIs: ["a"],
      machineScopes: ["/subscriptions/a"],
      createDeleteBatch: 1,
      clientQps: 1.5,
      prometheusPort: 2,
      enableTypeUpgrade: false,
      updateUserMSIMaxRetry: 1,
      updateUserMSIRetryInterval: "1s",
      identityAssignmentReconcileInterval: "1m",
      armApiVersion: "2019-12-01",
    },
    nmi: {
      logVerbosity: 1,
      loggingFormat: "json",
      ipTableUpdateTimeIntervalInSeconds: 1,
      micNamespace: "a",
      retryAttemptsForCreated: 1,
      retryAttemptsForAssigned: 1,
      findIdentityRetryIntervalInSeconds: 1,
      prometheusPort: 2,
      blockInstanceMetadata: true,
      allowNetworkPluginKubenet: true,
      setRetryAfterHeader: true,
      enableConntrackDeletion: false,
      imdsGuard: false,
      allowCrossNamespaceSecrets: true,
      tokenCache: false,
      exceptionNamespaces: ["a"],
      allowedADEndpoints: ["https://ad.example"],
      hostTokenUIDs: [0],
    },
  };

  it.each([{}, { operationMode: "managed" }, everything])("are such as the programs take: %o", async (values) => {
    const objects = await render(values);
    const nmi = readConfig("nmi", allOptions(nmiOptions), args(objects, "DaemonSet"), {});
    expect(startProblems(nmi.config, {})).toEqual([]);
    if (values.operationMode === "managed") return;
    expect(() => readConfig("mic", allOptions(micOptions), args(objects, "Deployment"), {})).not.toThrow();
  });

  it("leave out of each program's flags only what no pod needs", () => {
    const unset = (options: object, file: string) =>
      Object.values(options as typeof nmiOptions)
        .map(({ flag }) => flag)
        .filter((flag) => !flagsIn(file).has(flag));
    expect(unset(micOptions, "_mic-args.tpl")).toEqual([
      "kubeconfig",
      "forceNamespaced", // by its variable
      "enableProfile",
      "enableScaleFeatures",
      "config-map-name",
      "type-upgrade-status-key",
      "dry-run",
    ]);
    expect(unset(nmiOptions, "_nmi-args.tpl")).toEqual([
      "nmi-listen-address",
      "nmi-port",
      "metadata-ip",
      "metadata-port",
      "skip-iptables",
      "cleanup",
      "enableProfile",
      "kubeconfig",
    ]);
  });
});

it("the chart's templates hold no flag but those of the command lines", () => {
  const others = readdirSync(join(CHART, "templates")).filter((file) => !file.endsWith("-args.tpl"));
  expect(others.filter((file) => file.endsWith(".yaml") && flagsIn(file).size > 0)).toEqual([]);
});
