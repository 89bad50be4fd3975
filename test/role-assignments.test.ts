import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";

const SCRIPT = join(import.meta.dirname, "../deploy/role-assignments.sh");

/** An az that writes down each call and answers by the words of it. */
const AZ = `#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  "account show"*) echo sub-1 ;;
  *nodeResourceGroup*) echo MC_nodes ;;
  *kubeletidentity*) echo "$KUBELET" ;;
  *servicePrincipalProfile*) echo app-1 ;;
  "ad sp show --id app-1"*) echo object-of-app ;;
  "role assignment create --role $REFUSE"*) echo "AuthorizationFailed" >&2; exit 1 ;;
  "role assignment create"*) ;;
  *) exit 9 ;;
esac
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roles-"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/az"), AZ);
  chmodSync(join(folder, "bin/az"), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

type World = { readonly kubelet?: string; readonly refuse?: string; readonly path?: string };

/** What the script prints, how it ends, and the roles that it has granted, as `role → who @ where`. */
async function run(words: readonly string[], { kubelet = "object-1", refuse = "none", path }: World = {}) {
  const calls = join(folder, "calls");
  writeFileSync(calls, "");
  const PATH = path ?? `${join(folder, "bin")}:/usr/bin:/bin`;
  const env = { PATH, CALLS: calls, KUBELET: kubelet, REFUSE: refuse };
  const ended = await promisify(execFile)("/bin/sh", [SCRIPT, ...words], { env }).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
  const granted = readFileSync(calls, "utf8").matchAll(
    /^role assignment create --role (.+) --assignee-object-id (\S+) --assignee-principal-type ServicePrincipal --scope (.+) --output none$/gm,
  );
  return { ...ended, granted: [...granted].map(([, role, who, where]) => `${role} → ${who} @ ${where}`) };
}

const cluster = ["--resource-group", "g", "--name", "c"];
const vm = "Virtual Machine Contributor → object-1 @ /subscriptions/sub-1/resourceGroups/MC_nodes";

it("grants the kubelets' identity both roles on the resource group of the nodes", async () => {
  const { code, granted } = await run(cluster);
  expect([code, granted]).toEqual([0, [vm, vm.replace("Virtual Machine Contributor", "Managed Identity Operator")]]);
});

it("grants identities of other places instead, where some are named, and says each command", async () => {
  const id = "/subscriptions/s/resourceGroups/r/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";
  const { granted, stdout } = await run([...cluster, "--identity-resource-group", "my ids", "--identity", id]);
  const operator = "Managed Identity Operator → object-1 @ ";
  expect(granted).toEqual([vm, `${operator}/subscriptions/sub-1/resourceGroups/my ids`, operator + id]);
  expect(stdout.split("\n")).toContain(
    `az role assignment create --role "Managed Identity Operator" --assignee-object-id object-1 --assignee-principal-type ServicePrincipal --scope "${id}"`,
  );
});

it("takes the service principal of a cluster that has no managed identity", async () => {
  const { granted } = await run(cluster, { kubelet: "" });
  expect(granted.map((line) => line.replace(/.*→ (\S+) .*/, "$1"))).toEqual(["object-of-app", "object-of-app"]);
});

it("prints alone when it is told to, for the subscription that is given", async () => {
  const { granted, stdout } = await run([...cluster, "--subscription", "sub-2", "--dry-run"]);
  expect([granted, stdout.match(/resourceGroups/g)?.length]).toEqual([[], 2]);
  expect(stdout).toContain("/subscriptions/sub-2/resourceGroups/MC_nodes");
});

it.each([
  [["--name", "c"], "--resource-group is missing"],
  [["--resource-group", "--name", "c"], "--resource-group takes a value"],
  [[...cluster, "--identity", "demo"], "--identity takes a resource ID"],
  [[...cluster, "--dryrun"], "unknown option --dryrun"],
])("refuses %j, and asks Azure nothing", async (words, said) => {
  const { code, stderr } = await run(words);
  expect([code, readFileSync(join(folder, "calls"), "utf8")]).toEqual([2, ""]);
  expect(stderr).toContain(said);
});

it.each([
  ["Virtual", 1],
  ["Managed", 2],
])("ends with a failure at the first role that Azure refuses (%s…)", async (refuse, calls) => {
  const twice = ["--identity-resource-group", "a", "--identity-resource-group", "b"];
  const { code, granted, stderr } = await run([...cluster, ...twice], { refuse });
  expect([code, granted.length, stderr]).toEqual([1, calls, "AuthorizationFailed\n"]);
});

it("says what it lacks where there is no az", async () => {
  const { code, stderr } = await run([...cluster, "--dry-run"], { path: "/nonexistent" });
  expect([code, stderr]).toEqual([1, "there is no az here: install Azure CLI, and log in by az login\n"]);
});
