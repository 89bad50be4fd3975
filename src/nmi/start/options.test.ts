import { describe, expect, it } from "vitest";
import { klogOptions } from "../../base/klog-options.ts";
import { fallbackText, type OptionTable, readConfig } from "../../base/options.ts";
import { proxyProblem } from "../../base/proxy-variable.ts";
import { nmiOptions, variableWarnings } from "./options.ts";

/** What the original took: the flag, its kind in Go, its default. Differences are on purpose and say why. */
const originals = [
  { flag: "nmi-listen-address", kind: "string", fallback: "127.0.0.1" },
  { flag: "nmi-port", kind: "string", fallback: "2579", here: { kind: "int" } }, // what is no port is told at the start
  { flag: "metadata-ip", kind: "string", fallback: "169.254.169.254" },
  { flag: "metadata-port", kind: "string", fallback: "80", here: { kind: "int" } },
  { flag: "node", kind: "string", fallback: "" },
  { flag: "ipt-update-interval-sec", kind: "int", fallback: "60" },
  { flag: "forceNamespaced", kind: "bool", fallback: "false" },
  { flag: "MICNamespace", kind: "string", fallback: "default" },
  { flag: "http-probe-port", kind: "string", fallback: "8080", here: { kind: "int" } },
  { flag: "retry-attempts-for-created", kind: "int", fallback: "16" },
  { flag: "retry-attempts-for-assigned", kind: "int", fallback: "4" },
  { flag: "find-identity-retry-interval", kind: "int", fallback: "5" },
  { flag: "enableProfile", kind: "bool", fallback: "false" },
  { flag: "enableScaleFeatures", kind: "bool", fallback: "true" },
  { flag: "block-instance-metadata", kind: "bool", fallback: "false" },
  { flag: "metadata-header-required", kind: "bool", fallback: "true" },
  { flag: "prometheus-port", kind: "string", fallback: "9090", here: { kind: "int" } },
  { flag: "operation-mode", kind: "string", fallback: "standard" },
  { flag: "allow-network-plugin-kubenet", kind: "bool", fallback: "false" },
  { flag: "kubelet-config", kind: "string", fallback: "/etc/default/kubelet" },
  { flag: "set-retry-after-header", kind: "bool", fallback: "false" },
  // Connections from before the rules would go on to the metadata service.
  { flag: "enable-conntrack-deletion", kind: "bool", fallback: "false", here: { fallback: "true" } },
  { flag: "log-format", kind: "string", fallback: "text" },
  { flag: "custom-user-agent", kind: "string", fallback: "" },
  { flag: "v", kind: "int", fallback: "0" },
  { flag: "vmodule", kind: "string", fallback: "" },
  { flag: "logtostderr", kind: "bool", fallback: "true" },
  { flag: "alsologtostderr", kind: "bool", fallback: "false" },
  { flag: "stderrthreshold", kind: "string", fallback: "2" },
  { flag: "log_dir", kind: "string", fallback: "" },
  { flag: "log_file", kind: "string", fallback: "" },
  { flag: "log_file_max_size", kind: "float", fallback: "1800" },
  { flag: "log_backtrace_at", kind: "string", fallback: "" },
  { flag: "skip_headers", kind: "bool", fallback: "false" },
  { flag: "skip_log_headers", kind: "bool", fallback: "false" },
  { flag: "add_dir_header", kind: "bool", fallback: "false" },
  { flag: "one_output", kind: "bool", fallback: "false" },
] as const;

describe("the original's flags", () => {
  const table: OptionTable = { ...nmiOptions, ...klogOptions };

  it.each(originals)("--$flag", (original) => {
    const option = Object.values(table).find(({ flag }) => flag === original.flag);
    const { kind, fallback } = { ...original, ...("here" in original ? original.here : {}) };
    expect(option && { kind: option.kind, fallback: fallbackText(option) }).toEqual({ kind, fallback });
  });

  it.each([
    { argv: ["--ipt-update-interval-sec=0"], says: "--ipt-update-interval-sec" }, // the original crashed later
    { argv: ["--ipt-update-interval-sec=-5"], says: "--ipt-update-interval-sec" },
    { argv: ["--metadata-port=0"], says: '--metadata-port: "0" is not a whole number from 1 to 65535' },
    { argv: ["--metadata-port=65536"], says: "--metadata-port" },
    { argv: ["--host-token-uids=0,root"], says: "--host-token-uids" },
    { argv: ["--log-format=xml"], says: "--log-format" },
    { argv: ["--forcenamespaced"], says: "did you mean --forceNamespaced?" },
  ])("a value that makes no sense ends the start: $argv", ({ argv, says }) => {
    expect(() => readConfig("nmi", table, argv, {})).toThrow(
      expect.objectContaining({ code: "FLAG_INVALID", message: expect.stringContaining(says) }),
    );
  });
});

it("says that it does not obey the variables of the original's token library", () => {
  const env = { MSI_ENDPOINT: "http://10.0.0.1/token", MSI_SECRET: "hush", HTTPS_PROXY: "http://proxy" };
  const warnings = variableWarnings(env);
  expect(warnings).toEqual([
    expect.stringMatching(/^variable MSI_ENDPOINT: No effect/),
    expect.stringContaining("MSI_SECRET"),
  ]);
  expect(warnings.join()).not.toMatch(/hush|10\.0\.0\.1/);
  expect(variableWarnings({})).toEqual([]);
});

it("warns of a proxy that no request can go through, without its password", () => {
  const HTTPS_PROXY = "http://svc:50%off@proxy.corp:3128";
  const warning =
    "only tokens of service principals need it, and those fail until then where NO_PROXY does not exempt their authority";
  expect(variableWarnings({ HTTPS_PROXY })).toEqual([`${proxyProblem({ HTTPS_PROXY })}; ${warning}`]);
  expect(variableWarnings({ HTTP_PROXY: HTTPS_PROXY })).toEqual([]);
});

it("takes the arguments of the original's manifests and chart", () => {
  const argv = [
    "--node=aks-1",
    "--http-probe-port=8085",
    "--enableScaleFeatures=true",
    "--metadata-header-required=true",
    "--nmi-port",
    "2579",
    "--operation-mode=Standard",
    "--retry-attempts-for-created=16",
    "--retry-attempts-for-assigned=4",
    "--find-identity-retry-interval=5",
    "--prometheus-port=9090",
    "--MICNamespace=default",
  ];
  const { config: read } = readConfig("nmi", nmiOptions, argv, {
    FORCENAMESPACED: "true",
    KUBECONFIG: "/etc/kube/config",
  });
  expect(read).toMatchObject({
    node: "aks-1",
    probePort: 8085,
    listenPort: 2579,
    forceNamespaced: true,
    kubeconfig: "/etc/kube/config",
  });
});
