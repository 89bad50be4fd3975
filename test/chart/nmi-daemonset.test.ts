import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { containerOf, helmMissing, podOf, render, the, type Values } from "../support/chart/helm.ts";

const missing = helmMissing();
const nmi = async (values: Values = {}, ...flags: readonly string[]) =>
  the(await render(values, ...flags), "DaemonSet");
/** What the kernel says of a process that started then, in hundredths of a second since the node did. */
const statSince = (start: number) =>
  `1 (node) (x) S ${Array.from({ length: 18 }, (_, at) => at).join(" ")} ${start} 0 0\n`;
const args = async (values: Values = {}) => containerOf(await nmi(values)).args as readonly string[];

describe.skipIf(missing !== undefined)(`the chart's DaemonSet of NMI${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it("keeps all digits of users' numbers", async () => {
    expect(await args({ nmi: { hostTokenUIDs: [0, 1000650000] } })).toContain("--host-token-uids=0,1000650000");
  });

  it("starts NMI as delivered with what the original's does, and with what ours needs", async () => {
    expect(await args()).toEqual([
      "--node=$(NODE_NAME)",
      "--daemonset=pods/aad-pod-identity-nmi",
      "--proc-sys-net=/host/proc/sys/net",
      "--started-file=/run/started/nmi",
      "--operation-mode=standard",
      "--mic-service-account=pods/aad-pod-identity-mic",
      "--http-probe-port=8085",
      "--enableScaleFeatures=true",
      "--metadata-header-required=true",
      "--kubelet-config=/etc/default/kubelet",
    ]);
  });

  it("turns each value into its flag, numbers and switches that are strings too", async () => {
    const flags: readonly (readonly [Values, string])[] = [
      [{ logVerbosity: 5 }, "-v=5"],
      [{ loggingFormat: "json" }, "--log-format=json"],
      [{ ipTableUpdateTimeIntervalInSeconds: 30 }, "--ipt-update-interval-sec=30"],
      [{ micNamespace: "mic" }, "--MICNamespace=mic"],
      [{ probePort: 9000 }, "--http-probe-port=9000"],
      [{ retryAttemptsForCreated: "0" }, "--retry-attempts-for-created=0"],
      [{ retryAttemptsForAssigned: 3 }, "--retry-attempts-for-assigned=3"],
      [{ findIdentityRetryIntervalInSeconds: 7 }, "--find-identity-retry-interval=7"],
      [{ enableScaleFeatures: "false" }, "--enableScaleFeatures=false"],
      [{ prometheusPort: "9091" }, "--prometheus-port=9091"],
      [{ blockInstanceMetadata: "true" }, "--block-instance-metadata=true"],
      [{ metadataHeaderRequired: false }, "--metadata-header-required=false"],
      [{ allowNetworkPluginKubenet: true }, "--allow-network-plugin-kubenet=true"],
      [{ setRetryAfterHeader: true }, "--set-retry-after-header=true"],
      [{ enableConntrackDeletion: "false" }, "--enable-conntrack-deletion=false"],
      [{ imdsGuard: false }, "--imds-guard=false"],
      [{ exceptionNamespaces: ["a", "b"] }, "--exception-namespaces=a,b"],
      [{ allowCrossNamespaceSecrets: "true" }, "--allow-cross-namespace-secrets=true"],
      [{ allowedADEndpoints: ["https://ad.example"] }, "--allowed-ad-endpoints=https://ad.example"],
      [{ hostTokenUIDs: [0, 1000] }, "--host-token-uids=0,1000"],
      [{ tokenCache: false }, "--token-cache=false"],
    ];
    const values = Object.assign({}, ...flags.map(([value]) => value));
    const given = await args({ nmi: values, customUserAgent: "me" });
    expect(given).toEqual(expect.arrayContaining([...flags.map(([, flag]) => flag), "--custom-user-agent=me"]));
  });

  it.each(["false", false, ""])("leaves switches out that are %j", async (off) => {
    const off3 = { blockInstanceMetadata: off, allowNetworkPluginKubenet: off, setRetryAfterHeader: off };
    expect((await args({ nmi: off3 })).filter((flag) => /block|kubenet|retry-after/.test(flag))).toEqual([]);
  });

  it("watches pods on the host's network with two capabilities, and mounts what it needs of the node", async () => {
    const workload = await nmi({ nmi: { kubeletConfig: "/var/lib/kubelet/config.yaml" } });
    expect(podOf(workload)).toMatchObject({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" });
    expect(containerOf(workload).securityContext).toEqual({
      runAsUser: 0,
      capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"] },
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    const volumes = podOf(workload).volumes.map(({ hostPath }) => hostPath);
    expect(volumes).toEqual([
      { path: "/run/xtables.lock", type: "FileOrCreate" },
      { path: "/proc/sys/net", type: "Directory" },
      undefined,
      { path: "/var/lib/kubelet/config.yaml", type: "FileOrCreate" },
    ]);
    expect(containerOf(workload).volumeMounts).toEqual([
      { name: "iptableslock", mountPath: "/run/xtables.lock" },
      { name: "proc-sys-net", mountPath: "/host/proc/sys/net" },
      { name: "started", mountPath: "/run/started" },
      { name: "kubelet-config", mountPath: "/var/lib/kubelet/config.yaml", readOnly: true },
    ]);
    expect(containerOf(workload).args).toContain("--kubelet-config=/var/lib/kubelet/config.yaml");
  });

  it("rolls out by surge, also after the original, for which it names no port", async () => {
    const workload = await nmi({ nmi: { prometheusPort: 9090 } });
    expect(workload.spec.updateStrategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    expect(containerOf(workload).ports).toBeUndefined();
  });

  it("rolls out as told, and without a surge where the API server knows none", async () => {
    const own = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } };
    expect((await nmi({ nmi: { updateStrategy: own } })).spec.updateStrategy).toEqual(own);
    expect((await nmi({ nmi: { updateStrategy: { type: "OnDelete" } } })).spec.updateStrategy).toEqual({
      type: "OnDelete",
    });
    expect((await nmi({}, "--kube-version=1.21.0")).spec.updateStrategy).toEqual(own);
  });

  it("goes before other pods of the node, and onto every node", async () => {
    const pod = podOf(await nmi());
    expect(pod.priorityClassName).toBe("system-node-critical");
    expect(pod.tolerations).toEqual([{ operator: "Exists" }]);
    expect(pod.nodeSelector).toEqual({ "kubernetes.io/os": "linux" });
  });

  it("takes all that pods may be given", async () => {
    const given = {
      priorityClassName: "mine",
      podAnnotations: { a: "1" },
      podLabels: { b: "2" },
      nodeSelector: { pool: "x" },
      tolerations: [{ key: "k", operator: "Exists" }],
      affinity: { nodeAffinity: {} },
      resources: { requests: { cpu: "1" } },
      extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
    };
    const workload = await nmi({ nmi: given, imagePullSecrets: [{ name: "pull" }] });
    const { metadata } = workload.spec.template;
    expect([metadata.annotations, metadata.labels.b, metadata.labels.tier]).toEqual([{ a: "1" }, "2", "node"]);
    const { priorityClassName, tolerations, affinity, imagePullSecrets } = podOf(workload);
    expect({ priorityClassName, tolerations, affinity, imagePullSecrets }).toEqual({
      priorityClassName: "mine",
      tolerations: given.tolerations,
      affinity: given.affinity,
      imagePullSecrets: [{ name: "pull" }],
    });
    expect(podOf(workload).nodeSelector).toMatchObject({ pool: "x" });
    expect(containerOf(workload).resources).toMatchObject({ requests: { cpu: "1" } });
    expect(containerOf(workload).env).toContainEqual(given.extraEnv[0]);
  });

  it("runs namespaced where that is asked for, and always so in managed mode", async () => {
    const forced = await nmi({ forceNamespaced: true });
    expect(containerOf(forced).env).toContainEqual({ name: "FORCENAMESPACED", value: "true" });
    const managed = containerOf(await nmi({ operationMode: "managed" }));
    expect(managed.args).toEqual(expect.arrayContaining(["--operation-mode=managed", "--forceNamespaced"]));
    expect(managed.args.join()).not.toContain("mic-service-account");
    expect(managed.env.map(({ name }) => name)).toEqual(["NODE_NAME"]);
  });

  it("probes this very NMI, since others of the node may answer at its ports", async () => {
    const container = containerOf(await nmi());
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const [, file = ""] = /^--started-file=(.*)$/m.exec(container.args.join("\n")) ?? [];
    const folder = mkdtempSync(join(tmpdir(), "probes-"));
    const ask = ({ exec }: typeof livenessProbe, said?: string) => {
      writeFileSync(join(folder, "uptime"), "100.25 180.03\n");
      writeFileSync(join(folder, "stat"), statSince(7_099));
      rmSync(join(folder, "nmi"), { force: true });
      if (said !== undefined) writeFileSync(join(folder, "nmi"), said);
      const [shell = "", flag = "", script = ""] = exec.command;
      const there = script
        .replaceAll(file, join(folder, "nmi"))
        .replaceAll("/proc/uptime", join(folder, "uptime"))
        .replaceAll("/proc/1/stat", join(folder, "stat"));
      const { status, stdout } = spawnSync(shell, [flag, there], { encoding: "utf8" });
      return [status === 0, stdout.trim()];
    };
    expect(ask(startupProbe, "71\nActive\n")).toEqual([true, ""]);
    expect(ask(startupProbe, "70\nActive\n")).toEqual([true, ""]);
    for (const before of ["69\nActive\n", undefined]) {
      expect(ask(startupProbe, before)).toEqual([false, "NMI does not serve pods yet, its log says why"]);
    }
    expect(ask(livenessProbe, "71\nNot Active: the rules are gone\n")).toEqual([true, ""]);
    expect(ask(livenessProbe, "70\nActive\n")).toEqual([false, "NMI has not moved for 30 seconds"]);
    expect(ask(livenessProbe)[0]).toBe(false);
    expect(ask(readinessProbe, "71\nActive\n")).toEqual([true, ""]);
    expect(ask(readinessProbe, "71\nNot Active: the *  rules\n")).toEqual([false, "Not Active: the *  rules"]);
    expect(ask(readinessProbe)[0]).toBe(false);
    rmSync(folder, { recursive: true });
    expect((await args({ nmi: { probePort: "9000" } })).join("\n")).toContain("--http-probe-port=9000");
  });

  it("has a probe of a start that no other NMI of the node can answer, and that never ends it", async () => {
    const container = containerOf(await nmi());
    const [, file] = /^--started-file=(.*)$/m.exec(container.args.join("\n")) ?? [];
    expect(container.startupProbe.failureThreshold).toBeGreaterThan(100_000);
    const folder = container.volumeMounts.find(({ mountPath }) => file?.startsWith(mountPath));
    expect(podOf(await nmi()).volumes).toContainEqual({ name: folder?.name, emptyDir: { medium: "Memory" } });
  });

  it("knows a custom cloud by its file", async () => {
    const workload = await nmi({ nmi: { customCloud: { enabled: "true", configPath: "/etc/cloud.json" } } });
    expect(containerOf(workload).env).toContainEqual({ name: "AZURE_ENVIRONMENT_FILEPATH", value: "/etc/cloud.json" });
    expect(containerOf(workload).volumeMounts).toContainEqual({
      name: "custom-env-file",
      mountPath: "/etc/cloud.json",
      readOnly: true,
    });
  });

  it.each([
    ["", "ghcr.io/aad-pod-identity/nmi:v2.0.0-alpha.1"],
    ["latest", "ghcr.io/aad-pod-identity/nmi:latest"],
    ["sha256:0123", "ghcr.io/aad-pod-identity/nmi@sha256:0123"],
  ])("takes the tag %j", async (tag, image) => {
    expect(containerOf(await nmi({ nmi: { tag } })).image).toBe(image);
  });
});
