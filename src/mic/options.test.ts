import { describe, expect, it } from "vitest";
import { fallbackText, readConfig } from "../base/options.ts";
import { micOptions } from "./options.ts";
import { micSettings, modeLine } from "./settings.ts";

/** Flags and defaults of the original, where ours are the same. */
const original: Readonly<Record<string, string>> = {
  kubeconfig: "",
  cloudconfig: "",
  forceNamespaced: "false",
  syncRetryDuration: "1h0m0s",
  "leader-election-instance": "",
  "leader-election-namespace": "default",
  "leader-election-name": "aad-pod-identity-mic",
  "leader-election-duration": "15s",
  "http-probe-port": "8080",
  "prometheus-port": "8888",
  enableProfile: "false",
  enableScaleFeatures: "false",
  createDeleteBatch: "20",
  "immutable-user-msis": "",
  "config-map-name": "aad-pod-identity-config",
  "type-upgrade-status-key": "type-upgrade-status",
  "enable-type-upgrade": "true",
  "update-user-msi-max-retry": "2",
  "update-user-msi-retry-interval": "1s",
  "identity-assignment-reconcile-interval": "3m0s",
  "custom-user-agent": "",
};

/** What the original does not have, or has with another default. */
const ownFlags: Readonly<Record<string, string>> = {
  clientQps: "100",
  "machine-scopes": "",
  "arm-api-version": "",
  "dry-run": "off",
  "legacy-lock": "true",
};

describe("MIC's settings", () => {
  it("have the original's flags and defaults", () => {
    const ours = Object.values(micOptions).map((option) => [option.flag, fallbackText(option)]);
    expect(Object.fromEntries(ours)).toEqual({ ...original, ...ownFlags });
  });

  it.each([
    "--createDeleteBatch=0",
    "--clientQps=0",
    "--clientQps=-1",
    "--syncRetryDuration=3600",
    "--identity-assignment-reconcile-interval=0s",
    "--leader-election-duration=-15s",
    "--http-probe-port=x",
  ])("refuse %s instead of hanging or crashing on it", (flag) => {
    expect(() => readConfig("mic", micOptions, [flag], {})).toThrow(flag.split("=")[0] ?? "");
  });

  const cloud = { cloud: "AzureCloud", tenantId: "t", subscriptionId: "s", resourceGroup: "g" };
  const managed = { ...cloud, signIn: { kind: "managed-identity", clientId: "OWN" } } as const;

  it("pin the cluster's own identity too, in lower case", () => {
    const settings = micSettings({ forceNamespaced: false, pinnedClientIds: ["ABC"], machineScopes: [] }, managed, {});
    expect([...settings.pinnedClientIds]).toEqual(["abc", "own"]);
  });

  it.each([
    { flag: true, env: {}, isNamespaced: true },
    { flag: false, env: { FORCENAMESPACED: "true" }, isNamespaced: true },
    { flag: false, env: { FORCENAMESPACED: "" }, isNamespaced: false },
  ])(
    "keep identities in their namespace with the flag $flag and $env: $isNamespaced",
    ({ flag, env, isNamespaced }) => {
      const settings = micSettings({ forceNamespaced: flag, pinnedClientIds: [], machineScopes: [] }, managed, env);
      expect(settings.isNamespaced).toBe(isNamespaced);
    },
  );

  it.each([
    { args: [], then: "off" },
    { args: ["--dry-run"], then: "text" },
    { args: ["--dry-run=true"], then: "text" },
    { args: ["--dry-run=text"], then: "text" },
    { args: ["-dry-run=json"], then: "json" },
    { args: ["--dry-run=json", "--dry-run=false"], then: "off" },
  ])("make a dry run of $args: $then", ({ args, then }) => {
    expect(readConfig("mic", micOptions, args, {}).config.dryRun).toBe(then);
  });

  it.each(["0s", "0", "500us"])(
    "take %s for the shortest pause after a failed update, as no pause would be",
    (given) => {
      const { config } = readConfig("mic", micOptions, [`--update-user-msi-retry-interval=${given}`], {});
      expect(config.updateRetryIntervalMs).toBe(1);
    },
  );

  it("refuse a dry run in a format that there is not", () => {
    const read = (args: string[]) => readConfig("mic", micOptions, args, {});
    expect(() => read(["--dry-run=yaml"])).toThrow(/--dry-run: "yaml" is not text, json or false/);
    expect(() => read(["--dry-run", "json"])).toThrow(/unexpected argument "json"/);
  });

  it("take scopes of machines as ARM writes them, and name all that are none", () => {
    const read = (text: string) => readConfig("mic", micOptions, [`--machine-scopes=${text}`], {}).config;
    const { machineScopes } = read("/subscriptions/S2,/SUBSCRIPTIONS/s3/resourcegroups/Pool");
    expect(machineScopes).toEqual([
      { subscription: "S2", resourceGroup: "" },
      { subscription: "s3", resourceGroup: "Pool" },
    ]);
    expect(micSettings({ forceNamespaced: false, pinnedClientIds: [], machineScopes }, managed, {}).scopes).toBe(
      machineScopes,
    );
    expect(() => read("s2,/subscriptions/s3,/subscriptions/s4/x")).toThrow(
      /cannot read "s2", "\/subscriptions\/s4\/x"/,
    );
  });

  it("say at the start that any pod may use any identity, and how to end that", () => {
    const line = (isNamespaced: boolean) =>
      modeLine({
        isNamespaced,
        home: { subscription: "s", resourceGroup: "g" },
        scopes: [],
        pinnedClientIds: new Set(),
      });
    expect(line(false)).toMatch(/^any pod may use any bound identity.*--forceNamespaced/);
    expect(line(true)).toMatch(/^namespaced mode: /);
  });
});
