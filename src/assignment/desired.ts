import { type Identity, isNamespaced } from "../api/identity.ts";
import { bindingLabel, isFinished, type Pod } from "../api/pod.ts";
import { type Fleet, fleetOf } from "./machine.ts";
import { type Offer, offersOf } from "./offers.ts";
import { indexRecords, isDying, RECORD_NAMESPACE, type RecordIndex } from "./records.ts";
import type { Note, NoteCode, Settings, Snapshot, Wanted } from "./types.ts";

type Desired = {
  readonly wanted: readonly Wanted[];
  /** What pods shall have on machines that MIC may not change: the records of such pods stay as they are. */
  readonly held: readonly Wanted[];
  readonly notes: readonly Note[];
};
/** What becomes of one pod and one offer; a note says why nothing is wanted. */
type Judged = { readonly wanted: Wanted } | { readonly note: Note; readonly held?: Wanted };
/** What a pod's part depends on besides pod and offers. */
type Surroundings = {
  readonly settings: Settings;
  readonly fleet: Fleet;
  /** The records that name a machine and whose node is gone: those that name one of the cluster's, then all. */
  readonly homeless: readonly RecordIndex[];
};

/** Which pods shall have which identities, and why something that is bound is left out. */
export function desiredAssignments(
  { pods, nodes, bindings, identities, assignments, settings }: Snapshot,
  fleet = fleetOf(nodes, settings),
): Desired {
  const offers = offersOf(bindings, identities);
  const astray = assignments.filter(
    (one) => one.machine !== "" && fleet.of(one.nodeName) === undefined && !isDying(one),
  );
  const homeless = [indexRecords(astray.filter(({ machine }) => fleet.has(machine))), indexRecords(astray)];
  const wanted: Wanted[] = [];
  const held: Wanted[] = [];
  const notes: Note[] = [...offers.notes];
  for (const pod of pods) {
    const label = bindingLabel(pod);
    if (label === "") continue;
    const found = wantedOf(pod, offers.bySelector.get(label) ?? [], { settings, fleet, homeless });
    for (const one of found.wanted) wanted.push(one);
    for (const one of found.held) held.push(one);
    for (const note of found.notes) notes.push(note);
  }
  return { wanted, held, notes };
}

function wantedOf(pod: Pod, offers: readonly Offer[], surroundings: Surroundings): Desired {
  const none = (code: NoteCode, detail: string) => ({ wanted: [], held: [], notes: [{ code, pod, detail }] });
  if (isFinished(pod)) return none("pod-finished", `its phase is ${pod.phase}`);
  if (pod.nodeName === "") return none("pod-unscheduled", "the scheduler has not chosen a node");
  if (surroundings.fleet.isWindows(pod.nodeName)) {
    return none("node-windows", `node ${pod.nodeName} runs Windows, where no NMI gives tokens: run the pod on Linux`);
  }
  if (offers.length === 0) return none("pod-unbound", `no binding has the selector ${bindingLabel(pod)}`);
  const near = offers.filter((offer) => isWithinReach(pod, offer, surroundings.settings));
  if (near.length === 0) return none("pod-elsewhere", "the bindings with its selector are for other namespaces");

  const judged = near.map((offer) => judge(pod, offer, surroundings));
  return {
    wanted: judged.flatMap((one) => ("wanted" in one ? [one.wanted] : [])),
    held: judged.flatMap((one) => ("held" in one ? [one.held] : [])),
    notes: judged.flatMap((one) => ("note" in one ? [one.note] : [])),
  };
}

function judge(pod: Pod, { binding, offered }: Offer, surroundings: Surroundings): Judged {
  if ("flaw" in offered) return { note: { ...offered, ...offered.flaw, pod, binding } };
  const { identity, resourceId } = offered;
  const { settings, fleet } = surroundings;
  const namespace = staysInNamespace(identity, settings) ? identity.meta.namespace : RECORD_NAMESPACE;
  const wanted = { namespace, pod, identity, binding, placement: undefined };
  if (identity.type !== 0) return { wanted };

  const left = { pod, binding, identity };
  const machine = machineFor(wanted, surroundings);
  if (machine === undefined) {
    return { note: { ...left, code: "node-unknown", detail: `there is no node ${pod.nodeName}` } };
  }
  if (machine === "") {
    const detail = `the providerID of node ${pod.nodeName} is not a VM or scale set of Azure`;
    return { note: { ...left, code: "node-foreign", detail } };
  }
  const placed = { ...wanted, placement: { machine, resourceId } };
  if (!fleet.has(machine)) {
    const detail = `${machine} is not in subscription ${settings.home.subscription}: add its own to MIC's --machine-scopes`;
    return { note: { ...left, code: "machine-foreign", detail }, held: placed };
  }
  return { wanted: placed };
}

/** Of a node that was deleted under a living pod, the pod's record still knows the machine: the pod keeps what it has. */
function machineFor(wanted: Wanted, { fleet, homeless }: Surroundings): string | undefined {
  const { nodeName } = wanted.pod;
  const machine = fleet.of(nodeName);
  if (machine !== undefined) return machine;
  return homeless.map((index) => index.of(wanted)).find((record) => record?.nodeName === nodeName)?.machine;
}

function isWithinReach(pod: Pod, { binding, offered }: Offer, settings: Settings): boolean {
  return !staysInNamespace(offered.identity, settings) || pod.meta.namespace === binding.meta.namespace;
}

function staysInNamespace(identity: Identity | undefined, settings: Settings): boolean {
  return settings.isNamespaced || (identity !== undefined && isNamespaced(identity));
}
