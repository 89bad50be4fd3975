import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UNINSTALL_ANNOTATION } from "../../src/api/daemon-set.ts";
import { type NodeWithPods, startNodeWithPods } from "../support/netns/cluster.ts";
import { inNamespace, networkMissing } from "../support/netns/netns.ts";
import { eventually } from "../support/time/eventually.ts";

const missing = networkMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
const PATH = "/apis/apps/v1/namespaces/kube-system/daemonsets";

// Real rules of a node, and the DaemonSet that NMI is told is its own.
describe.skipIf(missing !== undefined)(`NMI that stops${reason}`, () => {
  let at: NodeWithPods;
  const rules = () => inNamespace(at.network.node, "iptables-save");
  const token = () => at.pods[0]?.ask<string>({ get: "token" });

  async function createDaemonSet(): Promise<void> {
    const labels = { component: "nmi" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "nmi", image: "nmi" }] } };
    const spec = { selector: { matchLabels: labels }, template };
    const metadata = { name: "nmi", namespace: "kube-system" };
    await at.kube("POST", PATH, { apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec });
  }

  /** NMI lives until it has served, something happens, and it is told to stop; gives how it ended. */
  async function liveThrough(happens: () => Promise<unknown>, ...flags: readonly string[]) {
    const nmi = at.startNmi("--daemonset=kube-system/nmi", ...flags);
    await nmi.says("listening on ");
    await nmi.says("following NMI's own DaemonSet");
    await eventually(token).toBe("200 token-of-client-0");
    await happens();
    nmi.kill("SIGTERM");
    return await nmi.ended;
  }

  beforeAll(async () => {
    at = await startNodeWithPods();
    await createDaemonSet();
  });
  afterAll(async () => {
    await at?.[Symbol.asyncDispose]();
  });

  it("leaves its rules where its DaemonSet is there, as on a roll-out, and says why", async () => {
    const { code, stderr } = await liveThrough(async () => {});
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/rules stay.*nmi --cleanup.*DaemonSet kube-system\/nmi is there/),
    ]);
    expect(rules()).toContain("-A PREROUTING -j aad-metadata");
    expect(rules()).toContain("-A FORWARD -j aad-metadata-guard");
    expect(await token()).toBe("ECONNREFUSED");
  });

  it("leaves them where its DaemonSet was replaced by another of its name", async () => {
    const replace = async () => {
      await at.kube("DELETE", `${PATH}/nmi`);
      await createDaemonSet();
    };
    const { code, stderr } = await liveThrough(replace);
    expect([code, stderr]).toEqual([0, expect.stringContaining("rules stay")]);
    expect(rules()).toContain("aad-metadata");
  });

  it("leaves them where it cannot reach the API server, also when it has never served", async () => {
    const nmi = at.startNmi("--daemonset=kube-system/nmi", `--kubeconfig=${at.deadKubeconfig}`);
    await nmi.says("initialized health probe on port ");
    await nmi.says("cannot follow objects of the API server");
    nmi.kill("SIGTERM");
    const { code, stderr } = await nmi.ended;
    expect([code, stderr]).toEqual([0, expect.stringMatching(/rules stay.*cannot be looked at/)]);
    expect(rules()).toContain("-A FORWARD -j aad-metadata-guard");
  });

  it("removes them all where its chart's hook marked the DaemonSet", async () => {
    const mark = { metadata: { annotations: { [UNINSTALL_ANNOTATION]: "true" } } };
    const { code, stderr } = await liveThrough(() => at.kube("PATCH", `${PATH}/nmi`, mark));
    expect([code, stderr]).toEqual([0, expect.stringMatching(/uninstalled.*is marked by its chart/)]);
    expect(rules()).not.toContain("aad-metadata");
    expect(await token()).toBe("RAW 200 token-of-machine");
  });

  it("removes them all where its DaemonSet was deleted", async () => {
    await at.kube("PATCH", `${PATH}/nmi`, { metadata: { annotations: { [UNINSTALL_ANNOTATION]: null } } });
    const { code, stderr } = await liveThrough(() => at.kube("DELETE", `${PATH}/nmi`));
    expect([code, stderr]).toEqual([0, expect.stringMatching(/uninstalled.*was deleted/)]);
    expect(stderr).toContain("removed chain aad-metadata-guard");
    expect(rules()).not.toContain("aad-metadata");
  });
});
