import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CHART, containerOf, helmMissing, render, the, type Values } from "../support/chart/helm.ts";

const missing = helmMissing();
type Groups = { readonly groups: readonly { readonly name: string }[] };
const file = (name: string) => readFileSync(join(CHART, "files", name), "utf8");
const delivered = parse(file("alerts.yaml")) as Groups;

describe.skipIf(missing !== undefined)(
  `what the chart gives monitoring${missing ? ` (skipped: ${missing})` : ""}`,
  () => {
    it("are monitors where they are asked for, NMI's by the address of its node", async () => {
      const values = { podMonitor: { enabled: "true", labels: { release: "prometheus" }, interval: "15s" } };
      const objects = await render(values);
      const [mic, nmi] = ["mic", "nmi"].map((name) => the(objects, "PodMonitor", `aad-pod-identity-${name}`));
      expect(mic?.metadata.labels).toMatchObject({ release: "prometheus" });
      expect(mic?.spec.podMetricsEndpoints).toEqual([{ port: "metrics", interval: "15s" }]);
      expect(nmi?.spec.podMetricsEndpoints).toEqual([
        {
          honorLabels: true, // or `namespace` would be NMI's own
          relabelings: [expect.objectContaining({ targetLabel: "__address__", replacement: "$1:9090" })],
          interval: "15s",
        },
      ]);
      for (const monitor of [mic, nmi])
        expect(monitor?.spec.selector.matchLabels).toEqual({
          "app.kubernetes.io/name": "aad-pod-identity",
          "app.kubernetes.io/instance": "aad",
          "app.kubernetes.io/component": monitor === mic ? "mic" : "nmi",
        });
      const deployment = the(objects, "Deployment");
      expect(containerOf(deployment).ports).toMatchObject([{ name: "metrics", containerPort: 8888 }]);
    });

    it.each([true, "true"])(
      "are all alerts as they were tested, where prometheusRule.enabled is %j",
      async (enabled) => {
        const rule = the(
          await render({ prometheusRule: { enabled, labels: { release: "prometheus" } } }),
          "PrometheusRule",
        );
        expect(rule.metadata).toMatchObject({ namespace: "pods", labels: { release: "prometheus" } });
        expect(rule.spec).toEqual(delivered);
      },
    );

    it("are NMI's alerts alone in managed mode", async () => {
      const rule = the(await render({ operationMode: "managed", prometheusRule: { enabled: true } }), "PrometheusRule");
      expect(rule.spec).toEqual({ groups: delivered.groups.filter(({ name }) => name === "aad-pod-identity-nmi") });
    });

    it("is a dashboard that Grafana's sidecar finds", async () => {
      const values = {
        dashboard: { enabled: "true", labels: { team: "nodes" }, annotations: { grafana_folder: "AKS" } },
      };
      const { metadata, data } = the(await render(values), "ConfigMap", "aad-pod-identity-dashboard");
      expect(metadata).toMatchObject({
        labels: { grafana_dashboard: "1", team: "nodes" },
        annotations: { grafana_folder: "AKS" },
      });
      expect(data).toEqual({ "aad-pod-identity.json": file("dashboard.json") });
    });

    it.each<[string, Values]>([
      ["as delivered", {}],
      ["where the values have none of it", { podMonitor: null, prometheusRule: null, dashboard: null }],
    ])("is nothing %s", async (_, values) => {
      const kinds = (await render(values)).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      expect(kinds.filter((one) => /PodMonitor|PrometheusRule|dashboard/.test(one))).toEqual([]);
    });
  },
);
