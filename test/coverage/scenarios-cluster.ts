import type { Scenario } from "./scenario.ts";
import { edited, leaders, machines, pinned, pods, putBack, several, sharedOnSets } from "./whole-cluster-tests.ts";

const trouble = "test/e2e/mic-trouble.test.ts";
const whole = {
  file: "test/e2e/walkthrough.test.ts",
  name: "holds from the first step to the last, and shows the lines of the guide",
};
const deleted = { file: pods, name: "takes the identity off when the $what is deleted" };
const handedOver = {
  file: leaders,
  name: "one leads and is active, the other is ready, and takes over when the leader is told to stop",
};
const order = {
  file: pods,
  name: "takes identities off as AzureIdentities are deleted in any order, and leaves the others alone",
};

/** The original's suite for a whole cluster, as far as the controller is concerned; tokens are NMI's part. */
export const clusterScenarios: readonly Scenario[] = [
  { id: "E1", scenario: "A pod gets its identity, and a token for it.", tests: [whole] },
  { id: "E2", scenario: "The record goes with the pod.", tests: [whole] },
  { id: "E3", scenario: "The record goes with the AzureIdentity.", tests: [deleted] },
  { id: "E4", scenario: "The record goes with the AzureIdentityBinding.", tests: [deleted] },
  {
    id: "E5",
    scenario: "An AzureIdentity is edited to stand for another identity in Azure.",
    tests: [edited],
  },
  {
    id: "E6",
    scenario: "Two identities are bound to one pod.",
    tests: [several],
  },
  { id: "E7", scenario: "Five identities are deleted in random order.", tests: [order] },
  {
    id: "E8",
    scenario: "Forty pods of five identities.",
    tests: [{ file: pods, name: "serves forty pods of five identities on four machines" }],
  },
  {
    id: "E9",
    scenario: "The label of a running pod changes.",
    tests: [{ file: pods, name: "follows the label of a pod to another identity" }],
  },
  {
    id: "E10",
    scenario: "One good and two identities that do not exist come at once.",
    tests: [{ file: trouble, name: "lets identities that do not exist hold up no other that comes with them" }],
  },
  {
    id: "E11",
    scenario: "Two that do not exist come after a good one.",
    tests: [{ file: trouble, name: "lets identities that do not exist disturb no other that was there before" }],
  },
  {
    id: "E12",
    scenario: "Two pods on a scale set share an identity, one goes.",
    tests: [sharedOnSets],
  },
  {
    id: "E13",
    scenario: "An identity is taken off by hand, then its pod goes.",
    tests: [{ file: machines, name: "is not held up by an identity that was taken off by hand before its pod goes" }],
  },
  {
    id: "E14",
    scenario: "The machine's own identity survives.",
    tests: [{ file: machines, name: "leaves the machine's own identity as it is" }],
  },
  {
    id: "E15",
    scenario: "An identity that was on the machine before stays there.",
    tests: [{ file: machines, name: "leaves an identity alone that somebody else has put on the machine" }],
  },
  {
    id: "E16",
    scenario: "A pinned identity stays when its pod goes.",
    tests: [pinned],
  },
  {
    id: "E17",
    scenario: "An identity is taken off by hand while its pod lives.",
    tests: [putBack],
  },
  {
    id: "E18",
    scenario: "The identity that MIC signs in with stays when its pod goes.",
    tests: [
      { file: "src/mic/options.test.ts", name: "pin the cluster's own identity too, in lower case" },
      {
        file: "src/azure/machines.live.test.ts",
        name: "leaves pinned identities on a machine, whatever the wish calls them, and says so",
      },
    ],
  },
  {
    id: "E19",
    scenario: "A service principal needs nothing in Azure.",
    tests: [{ file: pods, name: "records a service principal without asking Azure" }],
  },
  { id: "E20", scenario: "A pod with an exception reaches IMDS itself.", instead: "MIC has no part in exceptions." },
  {
    id: "E21",
    scenario: "An init container gets a token.",
    instead: "To MIC a pod that starts is a pod; tokens are NMI's part.",
  },
  {
    id: "E22",
    scenario: "Equal names in two namespaces.",
    tests: [
      {
        file: pods,
        name: "takes identity and binding of one namespace together where names are equal",
      },
    ],
  },
  {
    id: "E23",
    scenario: "The leader is deleted while work comes in.",
    tests: [
      handedOver,
      { file: leaders, name: "killed at random points, they leave nothing behind that the next does not make good" },
    ],
  },
  {
    id: "E24",
    scenario: "/healthz says Active at the leader and Not Active at the others.",
    tests: [handedOver],
  },
  {
    id: "E30",
    scenario: "An admission policy refuses a malformed AzureIdentity.",
    instead: "MIC says what is wrong with it in an event and in its log, whoever lets it in (K1).",
  },
];

/** What the original's tests leave out and MIC has a part in. */
export const forgottenScenarios: readonly Scenario[] = [
  {
    id: "G10",
    scenario: "The annotation that makes one identity namespaced.",
    tests: [
      {
        file: "src/assignment/desired.test.ts",
        name: "keeps an identity in its namespace, and its records too, when $by says so",
      },
    ],
  },
  {
    id: "G16",
    scenario: "Wrong flags, files and ports at the start.",
    tests: [{ file: "test/e2e/problems.test.ts", name: "$program: $cause" }],
  },
  {
    id: "G20",
    scenario: "The names, labels and types of metrics.",
    tests: [
      { file: "src/mic/probes.test.ts", name: "carry the original's names, and are there before anything happened" },
    ],
  },
  {
    id: "G22",
    scenario: "Scale features on and off.",
    instead: "They are always on: the flag is read and has no effect, and every record carries its node's label.",
  },
];
