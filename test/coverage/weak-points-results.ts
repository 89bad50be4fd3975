import type { WeakPoint } from "./weak-point.ts";

const plan = "src/assignment/plan.test.ts";
const machine = "src/assignment/machine.test.ts";
const patch = "src/azure/machines.test.ts";
const source = "src/azure/cloud-source.test.ts";

/** M1–M22: wrong or destructive results. */
export const wrongResults: readonly WeakPoint[] = [
  {
    id: "M1",
    original: "Takes a machine's system-assigned identity away when the last user-assigned one is removed twice.",
    ours: "The system-assigned identity survives every change, and nothing is sent where nothing differs.",
    tests: [
      { file: patch, name: "never takes the identity of a machine of" },
      { file: "src/azure/identity-patch.test.ts", name: "leads to exactly what is wished, in small steps" },
    ],
    breakage: {
      file: "src/azure/identity-patch.ts",
      find: 'return [{ type: hasSystem ? "SystemAssigned" : "None" }];',
      replace: 'return [{ type: "None" }];',
    },
  },
  {
    id: "M2",
    original: "Asks whether an identity is in use by the pod's name alone, so one of two pods called web-0 loses it.",
    ours: "An identity is in use while any pod, whatever its namespace, needs it on the machine.",
    tests: [{ file: plan, name: "a pod of the same name in another" }],
    breakage: {
      file: "src/assignment/plan.ts",
      find: "const leaves = (id: string) => !inUse.has(id);",
      replace: "const leaves = (_id: string) => true;",
    },
  },
  {
    id: "M3",
    original: "Compares client IDs, with regard to case, to tell whether an identity is in use.",
    ours: "The resource ID tells, in any spelling; what the client ID says plays no part.",
    tests: [{ file: plan, name: "another AzureIdentity for the same" }],
    breakage: {
      file: "src/assignment/offers.ts",
      find: "resourceId: resourceKey(identity.resourceId)",
      replace: "resourceId: identity.clientId",
    },
  },
  {
    id: "M4",
    original: "Does not protect a pinned identity whose client ID is written in upper case.",
    ours: "Azure's client ID of an identity tells whether it is pinned, in any case; the cluster's own is included.",
    tests: [
      { file: "src/azure/machines.test.ts", name: "leaves pinned identities on a machine, stale ones too" },
      { file: "src/mic/options.test.ts", name: "pin the cluster's own identity too, in lower case" },
    ],
    breakage: {
      file: "src/azure/machine-calls.ts",
      find: "pinned.has(clientId.toLowerCase())",
      replace: "pinned.has(clientId)",
    },
  },
  {
    id: "M5",
    original: "Gives pod a-b of namespace c and pod a of b-c one name, so one of them gets nothing.",
    ours: "A name that is taken or too long gets a short hash, and records are told apart by what they are for.",
    tests: [
      { file: "src/assignment/names.test.ts", name: "gives two pods that share a plain name two records" },
      { file: "src/assignment/names.test.ts", name: "shortens a name that the API server would refuse" },
    ],
    breakage: {
      file: "src/assignment/names.ts",
      find: "name.length > LONGEST_NAME || isTaken(name)",
      replace: "name.length > LONGEST_NAME",
    },
  },
  {
    id: "M6",
    original:
      "Takes two scale sets of one name for one, whatever their resource groups, and one spelled twice for two.",
    ours: "A machine is its whole ARM ID, compared without regard to case.",
    tests: [{ file: machine, name: "tells sets of one name in two resource groups apart" }],
    breakage: {
      file: "src/assignment/machine.ts",
      find: "machineIdOf(id)",
      replace: 'machineIdOf({ ...id, resourceGroup: "any" })',
    },
  },
  {
    id: "M7",
    original: "Looks for every machine in the resource group of azure.json, under the node's name.",
    ours: "The node's providerID says where its machine is; azure.json stands in where it says nothing.",
    tests: [
      { file: "src/assignment/fleet.test.ts", name: "get identities only when a scope says so" },
      { file: machine, name: "tells sets of one name in two resource groups apart" },
    ],
    breakage: {
      file: "src/assignment/machine.ts",
      find: "if (isMachine(id)) return id;",
      replace: "if (isMachine(id)) return { ...id, ...home };",
    },
  },
  {
    id: "M8",
    original: "Forgets what a vanished node used, so the last user's identity stays on its scale set for ever.",
    ours: "A record names its machine, so what it put there is known when the node is gone. Of a record of an older release whose node went before MIC saw it, an event says what may still be on that node's machine.",
    tests: [
      { file: machine, name: "takes it off when the last user's node has gone" },
      {
        file: "src/mic/execute.test.ts",
        name: "warns that an identity may stay on the machine of a node that has gone when",
      },
    ],
    breakage: {
      file: "src/assignment/records.ts",
      find: 'record.machine || (fleet.of(record.nodeName) ?? "")',
      replace: 'fleet.of(record.nodeName) ?? ""',
    },
  },
  {
    id: "M9",
    original: "Leaves a record Unassigned for ever when its pod comes back before the record was deleted.",
    ours: "The record is written anew and assigned again.",
    tests: [{ file: plan, name: "a pod returns while its record is" }],
    breakage: {
      file: "src/assignment/tasks.ts",
      find: 'const isDone = record.state === "Assigned" &&',
      replace: 'const isDone = record.state !== "Created" &&',
    },
  },
  {
    id: "M10",
    original: "Takes every edit of an identity or binding, a label even, for a reason to assign all its pods anew.",
    ours: "A record keeps Assigned unless the identity itself or the machine is another one now.",
    tests: [
      { file: plan, name: "something that matters but not to" },
      { file: plan, name: "something that does not matter" },
    ],
    breakage: {
      file: "src/assignment/tasks.ts",
      find: 'target === undefined || (!isMoved && record.state === "Assigned")',
      replace: "target === undefined",
    },
  },
  {
    id: "M11",
    original: "Takes spellings of one ID for several, and keeps or removes the identity by chance.",
    ours: "IDs are compared in one spelling; what is to come and to go stays.",
    tests: [{ file: patch, name: "takes spellings of one ID for one identity" }],
    breakage: {
      file: "src/azure/machine-wish.ts",
      find: "[...new Set(ids.map(resourceKey))]",
      replace: "[...new Set(ids)]",
    },
  },
  {
    id: "M12",
    original: "Forgets what goes beyond 150 identities when the first part is tried again.",
    ours: "A change goes on in steps until nothing is left of it, whatever is refused on the way.",
    tests: [{ file: patch, name: "goes on in steps of 150 that lose nothing when one is refused" }],
    breakage: {
      file: "src/azure/machine-change.ts",
      find: "if (more.length > 0) this.#queue.unshift(without(part, [...now.attach, ...now.detach]));",
      replace: "void more;",
    },
  },
  {
    id: "M13",
    original: "Reports a failure although the second attempt succeeded.",
    ours: "A change that went on without what Azure refuses is no failure.",
    tests: [{ file: "src/azure/refused-identities.test.ts", name: "are set aside when Azure names" }],
    breakage: {
      file: "src/azure/machine-change.ts",
      find: "fault: isOpen ? this.#fault : undefined",
      replace: "fault: isOpen ? this.#fault : [...refused.values()][0]?.fault",
    },
  },
  {
    id: "M14",
    original: "Reads one ID only from Azure's errors, and none whose resource group holds a dot or a parenthesis.",
    ours: "Every ID that an error names is read, whatever letters Azure allows in it.",
    tests: [{ file: "src/azure/arm-fault.test.ts", name: "names every identity that Azure names" }],
    breakage: {
      file: "src/azure/identity-refusal.ts",
      find: "\\/resourcegroups\\/[^/'\"\\s]+\\/",
      replace: "\\/resourcegroups\\/[\\w-]+\\/",
    },
  },
  {
    id: "M15",
    original: "Lets a pod that has ended keep its identities until somebody deletes it.",
    ours: "A pod that Succeeded or Failed gives them back.",
    tests: [
      {
        file: "src/assignment/scenarios.test.ts",
        name: "a pod that ends gives its identity back, while another keeps its own",
      },
    ],
    breakage: {
      file: "src/assignment/desired.ts",
      find: "if (isFinished(pod)) return",
      replace: "if (false as boolean) return",
    },
  },
  {
    id: "M16",
    original: "Clears its configuration before it reads azure.json again, and drops the error without a word.",
    ours: "The last good one stays in use while the file is wrong, and the log says so.",
    tests: [
      { file: "src/azure/cloud-problem.test.ts", name: "keeps the last good one while the file is half written" },
    ],
    breakage: {
      file: "src/azure/cloud-source.ts",
      find: "this.#problem = fault;",
      replace: "this.#problem = fault; this.#access = undefined;",
    },
  },
  {
    id: "M17",
    original: "Does not see that azure.json was replaced by a file renamed over it, or by a link.",
    ours: "What the file holds is looked at every five seconds, whatever way it came there.",
    tests: [
      { file: source, name: "follows a file that another is renamed over" },
      { file: source, name: "follows the links of a mounted Secret" },
    ],
    breakage: {
      file: "src/azure/cloud-source.ts",
      find: "this.#seen !== undefined && isSame(this.#seen, await printsOf(this.#seen.keys()))",
      replace: "this.#seen !== undefined",
    },
  },
  {
    id: "M18",
    original: "Writes the kind of a list into the copies in a record when it upgrades types.",
    ours: "The copies get their right kind, those that such an upgrade left wrong too.",
    tests: [{ file: "src/mic/type-upgrade.live.test.ts", name: "rewrites records with the copies in them" }],
    breakage: {
      file: "src/api/old-spelling.ts",
      find: "kind: kind.kind };",
      replace: 'kind: kind.kind + "List" };',
    },
  },
  {
    id: "M19",
    original: "Loses the error of a change when a later step of the same work has a result of its own.",
    ours: "Every step's fault counts: the loop hears the one that asks for the longest pause, a record's owner its own.",
    tests: [
      { file: "src/mic/execute-trouble.test.ts", name: "reports the fault that asks for the longest pause" },
      { file: "src/mic/execute-trouble.test.ts", name: "tells only its own records which identity Azure refuses" },
    ],
    breakage: {
      file: "src/mic/execute.ts",
      find: "patched.fault === undefined ? faults : [patched.fault, ...faults]",
      replace: "faults",
    },
  },
  {
    id: "M20",
    original: "Finds a resource ID anywhere in a text, with anything before and after it.",
    ours: "The whole text is the resource ID, or it is refused.",
    tests: [{ file: "src/api/resource-id.test.ts", name: "with the form that it must have" }],
    breakage: { file: "src/api/resource-id.ts", find: "[\\w-]{0,127}$/u;", replace: "[\\w-]{0,127}/u;" },
  },
  {
    id: "M21",
    original: "Declares a weight of bindings and never looks at it.",
    ours: "The heaviest binding wins.",
    tests: [{ file: "src/assignment/desired.test.ts", name: "binds by the heaviest binding, then by name" }],
    breakage: {
      file: "src/assignment/offers.ts",
      find: "if (a.weight !== b.weight) return b.weight - a.weight;",
      replace: "",
    },
  },
  {
    id: "M22",
    original: "Does not come back to what failed until something else happens, or an hour has passed.",
    ours: "What failed is tried again by itself, with growing pauses.",
    tests: [
      { file: "src/mic/mic-trouble.live.test.ts", name: "tries again by itself after a failure, without any event" },
      { file: "src/mic/loop-rests.live.test.ts", name: "rests a machine after a failure, longer each time" },
    ],
    breakage: { file: "src/mic/rests.ts", find: ".then(wake, wake);", replace: ".catch(() => {});" },
  },
];
