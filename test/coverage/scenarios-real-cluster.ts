import type { Scenario } from "./scenario.ts";

type Row = readonly [id: string, scenario: string, file: string, name: string];

const rows: readonly Row[] = [
  [
    "4.1",
    "The chart is installed, NMI's rules are on each node, and are gone after the uninstall.",
    "walkthrough",
    "ends with an uninstall that leaves the AzureIdentity, and nothing of ours",
  ],
  ["E1, E2", "One identity until the pod is deleted.", "single-identity", "has it until it is deleted"],
  [
    "E3, E4",
    "It goes with the AzureIdentity, or with the binding.",
    "single-identity",
    "loses it, and its token, when %s is deleted",
  ],
  [
    "E5",
    "An AzureIdentity is edited.",
    "single-identity",
    "gets the other one when its AzureIdentity is edited to stand for that",
  ],
  [
    "E6",
    "Two identities, of which one may not read the secret.",
    "several-identities",
    "of one pod: each request gets the one that it names",
  ],
  [
    "E7",
    "Five identities are deleted in random order.",
    "several-identities",
    "of five pods: those that are deleted in any order are gone, the others still hold",
  ],
  ["E8", "Forty pods of five identities.", "several-identities", "of forty pods: all are assigned and validated"],
  ["E9", "The label of a running pod changes.", "single-identity", "gets another one when its label changes"],
  [
    "E10, E11",
    "One good identity and two that do not exist.",
    "invalid-identities",
    "that do not exist in Azure and come $when hold up no good one",
  ],
  [
    "E12",
    "Two instances of a scale set share an identity.",
    "machines",
    "an identity stays on a scale set until the last pod of its instances is gone",
  ],
  [
    "E13",
    "An identity is taken off by hand, then its pod goes.",
    "machines",
    "an identity that was taken off by hand does not hold up the end of its pod",
  ],
  [
    "E14, E15",
    "The machine's own identity, and one that was there before.",
    "machines",
    "the machine's own identity, and one that somebody else put there, are left alone",
  ],
  [
    "E16",
    "A pinned identity stays.",
    "settings",
    "immutable: an identity that is pinned stays on the machine when its pod goes",
  ],
  [
    "E17",
    "An identity is taken off by hand while its pod lives.",
    "machines",
    "an identity that was taken off by hand is put back while its pod lives",
  ],
  [
    "E18",
    "The identity that MIC signs in with stays.",
    "cluster-identity",
    "puts identities on machines and takes them off, but never that one, also where a pod has used it",
  ],
  [
    "E19",
    "A service principal.",
    "service-principals",
    "give tokens by the Secret of their namespace, and nothing is put on any machine",
  ],
  [
    "E20",
    "An exception.",
    "exceptions",
    "let a pod without any identity of its own use those of its machine, and no other pod",
  ],
  ["E21", "An init container.", "pods", "an init container, which asks before anything is assigned, gets its token"],
  [
    "E22",
    "Equal names in two namespaces.",
    "pods",
    "equal names in two namespaces: each pod's record names identity and binding of its own namespace",
  ],
  [
    "E23",
    "The leader is deleted, and one is killed.",
    "disruption",
    "the MIC that leads is deleted while an identity comes: the other one takes over and assigns it",
  ],
  [
    "E24, E25",
    "/healthz of each MIC and NMI.",
    "disruption",
    "the MIC that leads says Active, the other Not Active, and every NMI Active",
  ],
  [
    "E26, E27, E28",
    "Paths that do not exist, a missing header, and blocked instance metadata.",
    "settings",
    "blocked: a node and a pod are refused the instance's document",
  ],
  [
    "E29",
    "Retry-After.",
    "settings",
    "Retry-After: a pod that asks too early is told to come again, and then has its token",
  ],
  [
    "E30",
    "A malformed AzureIdentity is refused at admission.",
    "invalid-identities",
    "with a malformed resource ID are refused at admission, well-formed ones are not",
  ],
  [
    "G24",
    "Managed mode.",
    "managed",
    "serves what somebody put on the machine, to pods of its namespace alone, without MIC or records",
  ],
];

/** The original's suite for a whole cluster once more, on a cluster with nodes, pods and the shipped images. */
export const realClusterScenarios: readonly Scenario[] = rows.map(([id, scenario, file, name]) => {
  return { id: `${id} (cluster)`, scenario, tests: [{ file: `test/cluster/${file}.test.ts`, name }] };
});
