import { describe, expect, it } from "vitest";
import {
  containerOf,
  helmMissing,
  podOf,
  type Rendered,
  refusal,
  render,
  the,
  type Values,
} from "../support/chart/helm.ts";

const missing = helmMissing();
const mic = async (values: Values = {}, ...flags: readonly string[]) =>
  the(await render(values, ...flags), "Deployment");
const args = async (values: Values = {}) => containerOf(await mic(values)).args as readonly string[];
const env = (workload: Rendered) => containerOf(workload).env as readonly { name: string; value?: string }[];

const secrets = {
  cloud: "AzurePublicCloud",
  subscriptionID: "subscription",
  resourceGroup: "group",
  vmType: "vmss",
  tenantID: "tenant",
  clientID: "client",
  clientSecret: "secret: # {}",
};

describe.skipIf(missing !== undefined)(
  `the chart's Deployment of MIC${missing ? ` (skipped: ${missing})` : ""}`,
  () => {
    it("starts MIC as delivered as the original does", async () => {
      expect(await args()).toEqual(["--cloudconfig=/etc/kubernetes/azure.json", "--logtostderr"]);
    });

    it("turns each value into its flag, numbers and switches that are strings too", async () => {
      const flags: readonly (readonly [Values, string])[] = [
        [{ logVerbosity: "3" }, "-v=3"],
        [{ loggingFormat: "json" }, "--log-format=json"],
        [{ probePort: 8081 }, "--http-probe-port=8081"],
        [{ syncRetryDuration: "30m" }, "--syncRetryDuration=30m"],
        [{ immutableUserMSIs: ["a", "b"] }, "--immutable-user-msis=a,b"],
        [{ createDeleteBatch: 1000000 }, "--createDeleteBatch=1000000"],
        [{ clientQps: "7.5" }, "--clientQps=7.5"],
        [{ prometheusPort: 8889 }, "--prometheus-port=8889"],
        [{ cloudConfig: "/etc/azure.json" }, "--cloudconfig=/etc/azure.json"],
        [{ updateUserMSIMaxRetry: 0 }, "--update-user-msi-max-retry=0"],
        [{ updateUserMSIRetryInterval: "1.5s" }, "--update-user-msi-retry-interval=1.5s"],
        [{ identityAssignmentReconcileInterval: "5m" }, "--identity-assignment-reconcile-interval=5m"],
        [{ legacyLock: "false" }, "--legacy-lock=false"],
        [{ enableTypeUpgrade: false }, "--enable-type-upgrade=false"],
        [{ machineScopes: ["/subscriptions/a"] }, "--machine-scopes=/subscriptions/a"],
        [{ armApiVersion: "2019-12-01" }, "--arm-api-version=2019-12-01"],
      ];
      const lock = { instance: "one", namespace: "locks", name: "lock", duration: "30s" };
      const values = Object.assign({ leaderElection: lock }, ...flags.map(([value]) => value));
      const given = await args({ mic: values, customUserAgent: "me" });
      expect(given).toEqual(expect.arrayContaining([...flags.map(([, flag]) => flag), "--custom-user-agent=me"]));
      const locks = Object.entries(lock).map(([part, value]) => `--leader-election-${part}=${value}`);
      expect(given).toEqual(expect.arrayContaining(locks));
    });

    it("keeps as many identities as a list or one text names, as the original does", async () => {
      expect(await args({ mic: { immutableUserMSIs: "a,b" } })).toContain("--immutable-user-msis=a,b");
    });

    it("runs two, apart, before other pods and on nodes of the system too", async () => {
      const workload = await mic();
      expect(workload.spec.replicas).toBe(2);
      const { priorityClassName, tolerations, affinity, nodeSelector } = podOf(workload);
      expect(priorityClassName).toBe("system-cluster-critical");
      expect(tolerations.map(({ key }) => key)).toEqual([
        "CriticalAddonsOnly",
        "node-role.kubernetes.io/control-plane",
      ]);
      expect(nodeSelector).toEqual({ "kubernetes.io/os": "linux" });
      const [term] = affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
      expect([term?.weight, term?.podAffinityTerm.topologyKey]).toEqual([1, "kubernetes.io/hostname"]);
    });

    it("reads azure.json as uid 0 without any capability", async () => {
      const workload = await mic();
      const hardened = {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        seccompProfile: { type: "RuntimeDefault" },
        capabilities: { drop: ["ALL"] },
      };
      expect(containerOf(workload).securityContext).toEqual({ runAsUser: 0, ...hardened });
      expect(podOf(workload).volumes).toEqual([
        { name: "k8s-azure-file", hostPath: { path: "/etc/kubernetes/azure.json" } },
      ]);
      expect(containerOf(workload).volumeMounts).toEqual([
        { name: "k8s-azure-file", mountPath: "/etc/kubernetes/azure.json", readOnly: true },
      ]);
      const other = containerOf(await mic({ adminsecret: secrets })).securityContext;
      expect(other).toEqual({ runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, ...hardened });
    });

    it("signs in by adminsecret instead, and rolls out when that changes", async () => {
      const objects = await render({ adminsecret: secrets });
      const secret = the(objects, "Secret");
      expect(secret).toMatchObject({ type: "Opaque" });
      const decoded = Object.entries(secret.data).map(([key, value]) => [key, atob(value as string)]);
      expect(Object.fromEntries(decoded)).toEqual({
        Cloud: "AzurePublicCloud",
        SubscriptionID: "subscription",
        ResourceGroup: "group",
        VMType: "vmss",
        TenantID: "tenant",
        ClientID: "client",
        ClientSecret: "secret: # {}",
      });
      const workload = the(objects, "Deployment");
      expect(containerOf(workload).args).toEqual(["--logtostderr"]);
      expect(podOf(workload).volumes).toBeUndefined();
      expect(env(workload).slice(2)).toEqual(
        Object.entries({
          CLOUD: "Cloud",
          SUBSCRIPTION_ID: "SubscriptionID",
          RESOURCE_GROUP: "ResourceGroup",
          VM_TYPE: "VMType",
          TENANT_ID: "TenantID",
          CLIENT_ID: "ClientID",
          CLIENT_SECRET: "ClientSecret",
        }).map(([name, key]) => ({ name, valueFrom: { secretKeyRef: { name: "aad-pod-identity-mic", key } } })),
      );
      const checksum = ({ spec }: Rendered) => spec.template.metadata.annotations["checksum/config"];
      expect(checksum(await mic({ adminsecret: { ...secrets, clientSecret: "new" } }))).not.toBe(checksum(workload));
    });

    it.each([true, "true"])("signs in with a managed identity where useMSI is %j", async (useMSI) => {
      const workload = await mic({ adminsecret: { ...secrets, useMSI, userAssignedMSIClientID: "own" } });
      expect(env(workload).map(({ name }) => name)).toEqual(
        expect.arrayContaining(["USE_MSI", "USER_ASSIGNED_MSI_CLIENT_ID"]),
      );
    });

    it.each([false, "false"])("does not where useMSI is %j, and asks for no client ID then", async (useMSI) => {
      const objects = await render({ adminsecret: { ...secrets, useMSI } });
      expect(Object.keys(the(objects, "Secret").data)).not.toContain("UseMSI");
      expect(env(the(objects, "Deployment")).map(({ name }) => name)).not.toContain("USE_MSI");
    });

    it("names what adminsecret lacks", async () => {
      const { tenantID: _, ...lacking } = secrets;
      expect(await refusal({ adminsecret: lacking })).toContain("adminsecret.tenantID is required");
      expect(await refusal({ adminsecret: { ...secrets, useMSI: "maybe" } })).toContain(
        'adminsecret.useMSI is "maybe", and may be true or false',
      );
    });

    it("knows namespaces, forced or not, and a custom cloud", async () => {
      const workload = await mic({ forceNamespaced: true, mic: { customCloud: { enabled: "true" } } });
      expect(env(workload)).toContainEqual({ name: "FORCENAMESPACED", value: "true" });
      expect(env(workload)).toContainEqual({
        name: "AZURE_ENVIRONMENT_FILEPATH",
        value: "/etc/kubernetes/akscustom.json",
      });
      expect(podOf(workload).volumes).toContainEqual({
        name: "custom-env-file",
        hostPath: { path: "/etc/kubernetes/akscustom.json" },
      });
      expect(env(await mic())).toContainEqual({ name: "FORCENAMESPACED", value: "false" });
    });

    it("names a port for metrics where one is asked for, and asks the probes", async () => {
      expect(containerOf(await mic()).ports).toBeUndefined();
      const container = containerOf(await mic({ mic: { prometheusPort: "9999", probePort: "8081" } }));
      expect(container.ports).toEqual([{ name: "metrics", containerPort: 9999, protocol: "TCP" }]);
      expect(container.livenessProbe.httpGet).toEqual({ path: "/livez", port: 8081 });
      expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: 8081 });
    });

    it("takes all that pods may be given", async () => {
      const given = {
        priorityClassName: "",
        replicas: "3",
        podAnnotations: { a: "1" },
        podLabels: { b: "2" },
        tolerations: [{ operator: "Exists" }],
        topologySpreadConstraints: [{ maxSkew: 1 }],
        resources: { requests: { cpu: "1" } },
        extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
      };
      const workload = await mic({ mic: given, imagePullSecrets: [{ name: "pull" }] });
      expect(workload.spec.replicas).toBe(3);
      const { metadata } = workload.spec.template;
      expect([metadata.annotations.a, metadata.labels.b]).toEqual(["1", "2"]);
      const { priorityClassName, tolerations, topologySpreadConstraints, imagePullSecrets } = podOf(workload);
      expect({ priorityClassName, tolerations, topologySpreadConstraints, imagePullSecrets }).toEqual({
        priorityClassName: undefined,
        tolerations: given.tolerations,
        topologySpreadConstraints: given.topologySpreadConstraints,
        imagePullSecrets: [{ name: "pull" }],
      });
      expect(containerOf(workload).resources).toMatchObject({ requests: { cpu: "1" } });
      expect(env(workload)).toContainEqual(given.extraEnv[0]);
    });
  },
);
