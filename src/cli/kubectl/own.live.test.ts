import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toolPath, toolsMissing } from "../../../test/support/chart/helm.ts";
import { kubeconfigOf } from "../../../test/support/kube/kubeconfig.ts";
import { loadAccess } from "../../kube/kubeconfig.ts";
import { createAuthority } from "../../sandbox/certificates.ts";
import { startKubeApi } from "../../sandbox/kube-api/server.ts";
import type { KubectlCommand } from "./line.ts";
import { OwnKubectl } from "./own.ts";
import { KubectlProgram } from "./program.ts";
import type { Kubectl } from "./verb.ts";

const ROOT = join(import.meta.dirname, "../../..");
const signal = AbortSignal.timeout(60_000);
const missing = toolsMissing("kubectl");

const object = (kind: string, name: string, spec: object, metadata: object = {}) =>
  `---\n${JSON.stringify({ apiVersion: "aadpodidentity.k8s.io/v1", kind, metadata: { name, ...metadata }, spec })}\n`;
const identity = (clientID: string) =>
  object("AzureIdentity", "demo", { type: 0, resourceID: "/subscriptions/s/x", clientID, auxiliaryTenantIDs: ["t"] });
const apply = (input: string): KubectlCommand => ({ args: ["apply", "-f", "-"], input });
const line = (text: string): KubectlCommand => ({ args: text.split(" ") });
const binding = object("AzureIdentityBinding", "demo-binding", { azureIdentity: "demo", selector: "demo" });
const long = { labels: { app: "a", tier: "b" }, annotations: { short: "is", long: "x".repeat(150) } };

/** What the walkthroughs type, and more of the same. */
const commands = (folder: string): readonly KubectlCommand[] => [
  line("apply -f charts/aad-pod-identity/crds/crd.yaml"),
  line("apply -f charts/aad-pod-identity/crds/crd.yaml"),
  line("apply -f deploy/infra/mic-rbac.yaml -f deploy/infra/nmi-rbac.yaml"),
  line("apply -f deploy/infra/mic-exception.yaml"),
  apply(identity("one") + binding),
  apply(identity("two") + binding),
  apply(object("AzureIdentity", "demo", { type: 0 })),
  apply(object("AzureIdentity", "described", { clientID: "c", tenantID: "" }, long)),
  line("get azureidentities"),
  line("get azureidentities --all-namespaces"),
  line("get AzureIdentityBindings -o custom-columns=NAME:.metadata.name,BINDS:.spec.azureIdentity,LESS:.spec.none"),
  line("get azureassignedidentities"),
  line("get pods -n elsewhere --field-selector=spec.nodeName=vm"),
  line("get pod nobody"),
  line("get widgets"),
  line("describe azureidentity described"),
  line("describe azureidentity demo"),
  line("create namespace team"),
  line("create namespace team"),
  line(`create secret generic login -n team --from-literal=a=b=c --from-file=key=${folder}/key`),
  line("get secret -n team"),
  line("logs nobody"),
  {
    args: [
      "patch",
      "clusterrole",
      "aad-pod-id-mic-role",
      "--type=json",
      "--patch",
      '[{"op":"remove","path":"/rules/0"}]',
    ],
  },
  { args: ["patch", "azureidentity", "demo", "--type=merge", "--patch", "{}"] },
  line("delete azureidentity demo nobody described"),
  line("delete -f charts/aad-pod-identity/crds/crd.yaml"),
  line("delete namespace team"),
];

/** What differs from run to run. */
function plain(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[\da-f-]{27}/g, "UID")
    .replace(/(Resource Version: +)\d+/g, "$1N")
    .replace(/\b20\d\d-[\dT:-]+Z/g, "TIME")
    .replace(/ \d+s\n/g, " AGE\n");
}

async function transcript(kubectl: Kubectl, folder: string): Promise<string> {
  let all = "";
  for (const command of commands(folder)) {
    const { ok, output } = await kubectl.run(command, signal);
    all += `$ kubectl ${command.args.join(" ")}\n${plain(output)}${ok ? "" : "failed\n"}`;
  }
  return all;
}

describe.skipIf(missing !== undefined)(`our own kubectl beside the real one (${missing ?? "which is here"})`, () => {
  let folder = "";
  const stack = new AsyncDisposableStack();
  const kubeconfigs: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "own-kubectl-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "key"), "a key\n");
    const authority = await createAuthority();
    const tls = await authority.serverCertificate();
    for (const name of ["real", "own"]) {
      const { url } = stack.use(await startKubeApi({ tls, tokens: new Map([["token", "admin"]]), controllers: true }));
      kubeconfigs.push(join(folder, name));
      await writeFile(join(folder, name), kubeconfigOf({ server: url, ca: authority.caPem, token: "token" }));
    }
  });
  afterAll(() => stack.disposeAsync());

  it("says the same to the same commands", async () => {
    const [real = "", own = ""] = kubeconfigs;
    const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: real };
    const program = new KubectlProgram({ file: toolPath("kubectl"), folder: ROOT, env });
    await using ours = new OwnKubectl(await loadAccess(own, {}), ROOT);
    const [expected, said] = await Promise.all([transcript(program, folder), transcript(ours, folder)]);
    expect(expected).toContain("azureidentity.aadpodidentity.k8s.io/demo configured");
    expect(said).toBe(expected);
  });
});
