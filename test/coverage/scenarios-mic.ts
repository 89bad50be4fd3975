import type { Scenario } from "./scenario.ts";
import { edited, leaders, machines, pinned, pods, putBack, several, sharedOnSets } from "./whole-cluster-tests.ts";

const memory = "src/mic/scenarios.live.test.ts";
const failing = "src/mic/mic-trouble.live.test.ts";
const served = { file: pods, name: "gives a pod its identity, records where, and takes it off when the pod goes" };
const stuck = {
  file: "src/mic/stuck-records.live.test.ts",
  name: "K12, K13, K14: keeps what it could not undo, goes on with others, and undoes it in the end",
};
const refused = {
  file: failing,
  name: "K21, K22: lets a refused identity wait alone, and a record stay that Azure does not let go",
};
const drifted = { file: "src/mic/drift.test.ts", name: "finds what somebody took off, until a patch has put it back" };

/** The controller of the original. */
export const micScenarios: readonly Scenario[] = [
  {
    id: "K1",
    scenario: "Of several AzureIdentities a malformed one is left out, the others are used.",
    tests: [
      { file: "src/assignment/desired.test.ts", name: "lets a wrong identity stop nobody else" },
      { file: "test/e2e/bad-objects.test.ts", name: "$cause: is told in the log and in events" },
    ],
  },
  {
    id: "K2",
    scenario: "A labelled pod gets a record with its pod, node, binding and identity.",
    tests: [served],
  },
  {
    id: "K3",
    scenario: "The record goes with the pod.",
    tests: [served],
  },
  {
    id: "K4",
    scenario: "The pod comes back while Azure fails: its record stays Created.",
    tests: [{ file: failing, name: "K4: leaves the record of a pod Created while Azure fails" }],
  },
  {
    id: "K5",
    scenario: "An AzureIdentity changes while a second one is bound to the same pod.",
    tests: [{ file: memory, name: "K5, K6: follows an identity that is edited, one that is added" }, edited, several],
  },
  {
    id: "K6",
    scenario: "A pod of the same name comes up on another node.",
    tests: [{ file: pods, name: "follows a pod of the same name to another node" }],
  },
  {
    id: "K7",
    scenario: "An identity changes, another is added and a pod goes, all at once.",
    tests: [{ file: pods, name: "takes up a change, an addition and a deletion that come at once" }],
  },
  {
    id: "K8",
    scenario: "Pods go and come while no MIC runs.",
    tests: [{ file: leaders, name: "what changed while none was there is made good by the next" }],
  },
  { id: "K9", scenario: "Pods on instances of two scale sets share an identity.", tests: [sharedOnSets] },
  { id: "K10", scenario: "The first of two pods leaves a scale set, which keeps the identity.", tests: [sharedOnSets] },
  { id: "K11", scenario: "The last one leaves it: the identity goes there, and only there.", tests: [sharedOnSets] },
  { id: "K12", scenario: "The record stays while the identity cannot be taken off.", tests: [stuck] },
  { id: "K13", scenario: "The record cannot be deleted either, while another pod gets its identity.", tests: [stuck] },
  { id: "K14", scenario: "When the trouble is over all of it is undone.", tests: [stuck] },
  {
    id: "K15",
    scenario: "Namespaced: equal names in two namespaces do not meet.",
    tests: [
      { file: memory, name: "K15: keeps namespaces apart when it is told to" },
      {
        file: "test/e2e/mic-permissions.test.ts",
        name: "cover namespaced mode, which keeps equal names in two namespaces apart",
      },
    ],
  },
  {
    id: "K16",
    scenario: "What could not be taken off is taken off later without any event.",
    tests: [{ file: failing, name: "K16: takes an identity off by itself after that has failed once" }],
  },
  {
    id: "K17",
    scenario: "Half of the nodes vanish with their pods, the others go on.",
    tests: [{ file: machines, name: "goes on with other machines when half of them vanish with their pods" }],
  },
  {
    id: "K18",
    scenario: "20,000 pods on one node, half of them deleted.",
    tests: [
      {
        file: "src/mic/loop-scale.live.test.ts",
        name: "K18: gives 20,000 pods of one node their identity, and removes half of the records within 10 seconds",
      },
    ],
  },
  {
    id: "K19",
    scenario: "Told to stop without work, it stops.",
    tests: [{ file: memory, name: "K19: stops at once when there is nothing to do" }],
  },
  { id: "K20", scenario: "A pinned identity stays on its scale sets while its pods go.", tests: [pinned] },
  { id: "K21", scenario: "Of two identities on a machine Azure refuses one: only its pod waits.", tests: [refused] },
  {
    id: "K22",
    scenario: "Azure does not let an identity go: its record stays, the other pod gets its own.",
    tests: [refused],
  },
  { id: "K23", scenario: "A VM is compared with what its pods need.", tests: [drifted] },
  {
    id: "K24",
    scenario: "So is a scale set.",
    tests: [putBack],
  },
  {
    id: "K25",
    scenario: "The comparison tells what is missing, and never takes anything off.",
    tests: [{ file: "src/mic/mic-drift.live.test.ts", name: "K25: never takes anything off for the sake of drift" }],
  },
];
