import { type Identity, isNamespaced } from "../api/identity.ts";
import type { Node } from "../api/node.ts";
import { bindingLabel, isFinished, type Pod } from "../api/pod.ts";
import { resourceKey } from "../api/resource-id.ts";
import { isAtHome, machineOf } from "./machine.ts";
import { type Offer, offersOf } from "./offers.ts";
import type { Home, Note, NoteCode, Settings, Snapshot, Wanted } from "./types.ts";

/** The namespace of records, except those of identities that are used in their own namespace only. */
const RECORD_NAMESPACE = "default";

type Seat = { readonly machine: string; readonly isAtHome: boolean };
type Desired = { readonly wanted: readonly Wanted[]; readonly notes: readonly Note[] };

/** Which pods shall have which identities, and why something that is bound is left out. */
export function desiredAssignments({ pods, nodes, bindings, identities, settings }: Snapshot): Desired {
  const offers = offersOf(bindings, identities);
  const seats = new Map(nodes.map((node) => [node.meta.name, seatOf(node, settings.home)]));
  const wanted: Wanted[] = [];
  const notes: Note[] = [...offers.notes];
  for (const pod of pods) {
    const label = bindingLabel(pod);
    if (label === "") continue;
    const found = wantedOf(pod, offers.bySelector.get(label) ?? [], seats.get(pod.nodeName), settings);
    for (const one of found.wanted) wanted.push(one);
    for (const note of found.notes) notes.push(note);
  }
  return { wanted, notes };
}

function seatOf(node: Node, home: Home): Seat {
  const machine = machineOf(node, home);
  return { machine, isAtHome: isAtHome(machine, home) };
}

function wantedOf(pod: Pod, offers: readonly Offer[], seat: Seat | undefined, settings: Settings): Desired {
  const none = (code: NoteCode, detail: string) => ({ wanted: [], notes: [{ code, pod, detail }] });
  if (isFinished(pod)) return none("pod-finished", `its phase is ${pod.phase}`);
  if (pod.nodeName === "") return none("pod-unscheduled", "the scheduler has not chosen a node");
  if (offers.length === 0) return none("pod-unbound", `no binding has the selector ${bindingLabel(pod)}`);
  const near = offers.filter((offer) => isWithinReach(pod, offer, settings));
  if (near.length === 0) return none("pod-elsewhere", "the bindings with its selector are for other namespaces");
  if (seat === undefined) return none("node-unknown", `there is no node ${pod.nodeName}`);

  const judged = near.map((offer) => judge(pod, offer, seat, settings));
  return {
    wanted: judged.filter((one) => "key" in one),
    notes: judged.filter((one) => "code" in one),
  };
}

function judge(pod: Pod, { binding, offered }: Offer, seat: Seat, settings: Settings): Wanted | Note {
  if ("flaw" in offered) return { ...offered, ...offered.flaw, pod, binding };
  const { identity } = offered;
  if (identity.type === 0 && !seat.isAtHome) {
    const detail = `${seat.machine} is not in subscription ${settings.home.subscription}`;
    return { code: "machine-foreign", pod, binding, identity, detail };
  }
  const namespace = staysInNamespace(identity, settings) ? identity.meta.namespace : RECORD_NAMESPACE;
  return {
    key: wantedKey(namespace, pod.meta, identity.meta),
    namespace,
    pod,
    identity,
    binding,
    placement:
      identity.type === 0 ? { machine: seat.machine, resourceId: resourceKey(identity.resourceId) } : undefined,
  };
}

function isWithinReach(pod: Pod, { binding, offered }: Offer, settings: Settings): boolean {
  return !staysInNamespace(offered.identity, settings) || pod.meta.namespace === binding.meta.namespace;
}

function staysInNamespace(identity: Identity | undefined, settings: Settings): boolean {
  return settings.isNamespaced || (identity !== undefined && isNamespaced(identity));
}

type Named = { readonly namespace: string; readonly name: string };

/** What a record is for, whatever it is called: its namespace, the pod and the identity. */
export function wantedKey(namespace: string, pod: Named, identity: Named): string {
  return `${namespace} ${pod.namespace}/${pod.name} ${identity.namespace}/${identity.name}`;
}
