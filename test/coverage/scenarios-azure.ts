import type { Scenario } from "./scenario.ts";

const patch = "src/azure/identity-patch.test.ts";
const machines = "src/azure/machines.test.ts";
const live = "src/azure/machines.live.test.ts";
const faults = "src/azure/arm-fault.test.ts";
const idRead = { file: "src/api/resource-id.test.ts", name: "reads %s" };
const named = {
  file: faults,
  name: "names every identity that Azure names, whatever is in their names, and who lacks which role",
};
const spelled = {
  file: machines,
  name: "takes spellings of one ID for one identity, and what is wished on and off stays",
};
const transitions = { file: patch, name: "from $from.type with attach $attach and detach $detach" };
const both = { file: live, name: "puts identities on a VM and a scale set, and takes them off again" };

/** The cloud provider of the original. */
export const azureScenarios: readonly Scenario[] = [
  {
    id: "C1",
    scenario: "An ID that is empty, or too short to name a resource, is refused.",
    tests: [idRead],
  },
  {
    id: "C2",
    scenario: "An ID gives subscription, group, provider, type and name.",
    tests: [idRead],
  },
  {
    id: "C3",
    scenario: "The ID of an instance gives its scale set.",
    tests: [
      idRead,
      {
        file: "src/assignment/machine.test.ts",
        name: "puts an identity on the set once, whatever the spelling of its nodes",
      },
    ],
  },
  {
    id: "C4",
    scenario: "The VM type of the configuration does not decide whether a machine is a VM or a scale set.",
    tests: [both],
  },
  { id: "C5", scenario: "Two identities are put on a VM that has none.", tests: [both] },
  { id: "C6", scenario: "Each machine gets its own identities and no other's.", tests: [both] },
  { id: "C7", scenario: "One of two identities is taken off, the other stays.", tests: [transitions] },
  {
    id: "C8",
    scenario: "Without its last identity a machine is of type None.",
    tests: [{ file: machines, name: "leaves a machine with none of type None" }],
  },
  { id: "C9", scenario: "Identities are put on and taken off by one change.", tests: [transitions] },
  { id: "C10", scenario: "A change only adds, or only removes.", tests: [transitions] },
  { id: "C11", scenario: "A scale set that has an identity gets a second one.", tests: [both] },
  {
    id: "C12",
    scenario: "What is to be put on and to be taken off stays on.",
    tests: [spelled],
  },
  {
    id: "C13",
    scenario: "Where nothing is wished Azure is not even asked.",
    tests: [{ file: live, name: "sends nothing when nothing is wished, and no PATCH when nothing differs" }],
  },
  {
    id: "C14",
    scenario: "The identity that an error names is found in its text.",
    tests: [named],
  },
  {
    id: "C15",
    scenario: "So are two that are separated by a comma.",
    tests: [named],
  },
  {
    id: "C16",
    scenario: "An error about something else names none.",
    tests: [{ file: faults, name: "translates $from.name $from.code to $code" }],
  },
  {
    id: "C17",
    scenario: "Retry-After is read in seconds and as a date; nonsense is none.",
    tests: [{ file: faults, name: "reads Retry-After $header" }],
  },
  {
    id: "C18",
    scenario: "The cluster's own identity is known when MIC signs in with it, and only then.",
    tests: [{ file: "src/mic/options.test.ts", name: "pin the cluster's own identity too, in lower case" }],
  },
  {
    id: "C19",
    scenario: "The type of a machine that gets an identity keeps the machine's own.",
    tests: [transitions, { file: machines, name: "never takes the identity of a machine of type %s itself" }],
  },
  { id: "C20", scenario: "A few identities fit into one change.", tests: [both] },
  {
    id: "C21",
    scenario: "More than 150 go in several changes, none is lost.",
    tests: [
      { file: machines, name: "goes on in steps of 150 that lose nothing when one is refused" },
      { file: live, name: "sends at most 150 identities at once, and goes on without one that does not exist" },
    ],
  },
  {
    id: "C22",
    scenario: "One addition after the other, and an addition with a removal.",
    tests: [
      {
        file: patch,
        name: "leads to exactly what is wished, in small steps that never leave a machine without any on the way",
      },
    ],
  },
  {
    id: "C23",
    scenario: "An identity is taken off whatever the case of its ID; once it is off nothing is left to do.",
    tests: [
      spelled,
      { file: machines, name: "asks for nothing when nothing is wished, and changes nothing when nothing differs" },
    ],
  },
];
