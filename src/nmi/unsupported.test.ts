import { describe, expect, it } from "vitest";
import { readConfig } from "../base/options.ts";
import { nmiOptions } from "./options.ts";
import { refuseUnsupported } from "./unsupported.ts";

const config = (...argv: readonly string[]) => readConfig("nmi", nmiOptions, argv, {}).config;

describe("nmi does not start", () => {
  it.each([
    { when: "without a node", argv: ["--skip-iptables"], sentence: /--node is empty/ },
  ])("$when", ({ argv, sentence }) => {
    expect(() => refuseUnsupported(config(...argv))).toThrow(
      expect.objectContaining({ code: "FLAG_INVALID", message: expect.stringMatching(sentence) }),
    );
  });

  it("but does where something else intercepts", () => {
    expect(() => refuseUnsupported(config("--node=a", "--skip-iptables"))).not.toThrow();
  });
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
