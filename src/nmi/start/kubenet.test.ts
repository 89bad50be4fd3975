import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isKubenet, refuseKubenet } from "./kubenet.ts";

/** As AKS writes /etc/default/kubelet. */
const aks = (plugin: string) =>
  [
    "KUBELET_FLAGS=--address=0.0.0.0 --anonymous-auth=false --authorization-mode=Webhook",
    "  --cloud-provider=azure --network-plugin=",
    plugin,
    " --non-masquerade-cidr=0.0.0.0/0 --pod-max-pids=-1",
    "\nKUBELET_REGISTER_SCHEDULABLE=true\nKUBELET_NODE_LABELS=kubernetes.azure.com/role=agent\n",
  ].join("");

describe("isKubenet", () => {
  it.each([
    aks("kubenet"),
    "#--network-plugin=kubenet", // the original took comments at their word
    "--network-plugin kubenet",
    "KUBELET_FLAGS=--v=2 \\\n  --network-plugin \\\n  kubenet",
    '--network-plugin="kubenet"',
    "'--network-plugin', 'kubenet'",
    "kind: KubeletConfiguration\nnetworkPluginName: kubenet\n",
    '{"kind":"KubeletConfiguration","networkPluginName":"kubenet"}',
  ])("recognises %j", (text) => {
    expect(isKubenet(text)).toBe(true);
  });

  it.each([
    "",
    aks("cni"),
    aks("azure"),
    "# --network-plugin kubenet",
    "  # networkPluginName: kubenet",
    "--network-plugin-mtu kubenet",
    "networkPluginName: cni",
    "kind: KubeletConfiguration\n# kubenet is gone\n",
  ])("lets pass %j", (text) => {
    expect(isKubenet(text)).toBe(false);
  });
});

describe("refuseKubenet", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kubelet-"));
    await writeFile(join(folder, "kubenet"), aks("kubenet"));
    await writeFile(join(folder, "empty"), "");
  });
  afterAll(() => rm(folder, { recursive: true }));

  const check = (file: string, over = {}) =>
    refuseKubenet({ kubeletConfig: join(folder, file), allowKubenet: false, skipIptables: false, ...over });

  it("says it in the original's words, and how to start all the same", async () => {
    await expect(check("kubenet")).rejects.toMatchObject({
      code: "PLATFORM_UNSUPPORTED",
      message: expect.stringMatching(
        /^AAD Pod Identity is not supported for Kubenet\. Review https:\S+ for more details\..*--allow-network-plugin-kubenet$/,
      ),
    });
  });

  it.each(["absent", "."])("ends the start when the file cannot be read, and says what to do: %s", async (file) => {
    await expect(check(file)).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringMatching(/^failed to check if CNI plugin is kubenet, error: .*--kubelet-config/),
    });
  });

  it.each([
    { when: "the file is empty, as manifests create it", file: "empty", over: {} },
    { when: "it is allowed", file: "kubenet", over: { allowKubenet: true } },
    { when: "it is allowed, without a look at the file", file: "absent", over: { allowKubenet: true } },
    { when: "something else redirects", file: "absent", over: { skipIptables: true } },
  ])("lets NMI start when $when", async ({ file, over }) => {
    await expect(check(file, over)).resolves.toBeUndefined();
  });
});
