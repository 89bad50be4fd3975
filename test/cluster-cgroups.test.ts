import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { cgroupsMissing } from "./cluster/support/cgroups.ts";

type Machine = { readonly folders?: readonly string[]; readonly files?: Readonly<Record<string, string>> };

const V1 = ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"];
const ALL = "cpuset cpu io memory hugetlb pids rdma misc\n";

function machine({ folders = [], files = {} }: Machine): string {
  const root = mkdtempSync(join(tmpdir(), "cgroups-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const name of folders) mkdirSync(join(root, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return root;
}

it.each<[string, Machine]>([
  ["cgroup v1", { folders: V1 }],
  ["cgroup v1 with v2 beside it", { folders: [...V1, "unified"] }],
  ["cgroup v2", { files: { "cgroup.controllers": ALL, "cgroup.subtree_control": "cpu memory pids\n" } }],
  [
    "a container whose cgroup hands on what it has",
    { files: { "cgroup.controllers": ALL, "cgroup.subtree_control": ALL, "cgroup.type": "domain\n" } },
  ],
])("a node can have a cgroup on a machine with %s", (_, one) => {
  expect(cgroupsMissing(machine(one))).toBeUndefined();
});

it.each<[string, Machine, string]>([
  ["no cgroups", {}, `controllers ${V1.join(", ")} here`],
  ["cgroup v1 without two controllers", { folders: V1.slice(2) }, "cgroup v1 controllers cpu, cpuacct here"],
  [
    "cgroup v2 beside a v1 that has the memory",
    { files: { "cgroup.controllers": "cpu cpuset io pids\n", "cgroup.subtree_control": "\n" } },
    "does not hand on the cgroup v2 controllers memory, which a node needs",
  ],
  [
    "a container whose cgroup keeps what it has",
    { files: { "cgroup.controllers": ALL, "cgroup.subtree_control": "\n", "cgroup.type": "domain\n" } },
    "does not hand on the cgroup v2 controllers cpu, cpuset, io, memory, pids, which",
  ],
])("says what is missing with %s", (_, one, why) => {
  expect(cgroupsMissing(machine(one))).toContain(why);
});
