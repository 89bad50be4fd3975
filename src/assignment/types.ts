import type { Assignment, AssignmentDraft } from "../api/assignment.ts";
import type { Binding } from "../api/binding.ts";
import type { Identity } from "../api/identity.ts";
import type { MachineScope } from "../api/machine-scope.ts";
import type { Node } from "../api/node.ts";
import type { Placement } from "../api/placement.ts";
import type { Pod } from "../api/pod.ts";

/** Where the cluster lives in Azure: machines elsewhere are left alone, unless a scope names them. */
export type Home = { readonly subscription: string; readonly resourceGroup: string };

export type Settings = {
  /** Pod, binding and identity must share a namespace, whatever the identity says. */
  readonly isNamespaced: boolean;
  readonly home: Home;
  /** Where else in Azure machines of the cluster are. */
  readonly scopes: readonly MachineScope[];
  /** Client IDs, in lower case, of identities that are never taken off a machine: plans wish it, machines spare them. */
  readonly pinnedClientIds: ReadonlySet<string>;
};

/** What a look at a machine in Azure has shown, against what pods there shall have. */
export type Drift = Placement & {
  /**
   * `missing`: the identity is not on the machine, somebody took it off. `stale`: it is there, but as it was before it
   * was deleted and created anew in Azure; such an entry gives no tokens until it is taken off and put on again.
   */
  readonly kind: "missing" | "stale";
  /** The client ID that a stale one has on the machine; with another one it is stale no more. */
  readonly clientId?: string;
};

/** All that a plan is made from, read at one moment. */
export type Snapshot = {
  readonly pods: readonly Pod[];
  readonly nodes: readonly Node[];
  readonly identities: readonly Identity[];
  readonly bindings: readonly Binding[];
  readonly assignments: readonly Assignment[];
  /** Found by drift repair and not mended yet. */
  readonly drift: readonly Drift[];
  readonly settings: Settings;
};

/** A pod shall have an identity. */
export type Wanted = {
  /** Where the record belongs. */
  readonly namespace: string;
  readonly pod: Pod;
  readonly identity: Identity;
  readonly binding: Binding;
  /** What must be on which machine; absent when the identity needs nothing in Azure. */
  readonly placement: Placement | undefined;
};

/** Why something was left out of the plan. */
export type NoteCode =
  | "pod-finished"
  | "pod-unscheduled"
  | "pod-unbound"
  | "pod-elsewhere"
  | "node-unknown"
  | "node-windows"
  | "node-foreign"
  | "machine-foreign"
  | "record-foreign"
  | "identity-missing"
  | "identity-invalid";

/** One thing that was left out, and the objects that the note is about: the one to mend first, then who suffers. */
export type Note = {
  readonly code: NoteCode;
  readonly identity?: Identity;
  readonly binding?: Binding;
  readonly pod?: Pod;
  readonly record?: Assignment;
  /** What is wrong in particular, a part of a sentence. */
  readonly detail: string;
};

/** One record's part in the plan of a machine. */
export type RecordWork = {
  /** What to write before the machine is touched; absent when the record stands as it is. */
  readonly draft: AssignmentDraft | undefined;
  /** The record as it stands; absent when it is to be created. */
  readonly record: Assignment | undefined;
  /** Must be on the machine before the record may say Assigned; absent when the record's state stays. */
  readonly awaits: string | undefined;
  /** The record's leftovers on this machine, struck out once they are off it. */
  readonly clears: readonly string[];
  /** The draft only says where the identity is. Thousands do after an upgrade, and no pod waits for any of them. */
  readonly mayWait?: true;
  /** Nothing says any more where the identity of the record's present wording is. */
  readonly isUntraced?: true;
};

/** What to do about one machine. Records come first, then the machine, then the records' new states. */
export type MachinePlan = {
  /** ARM ID in the spelling of `resourceKey`; empty for records that concern no machine. */
  readonly machine: string;
  readonly work: readonly RecordWork[];
  readonly attach: readonly string[];
  readonly detach: readonly string[];
  /** What records say is on the machine and is not, or not as it should be. */
  readonly repair: readonly Drift[];
  /** Records that nothing wants any more, removed once the machine is rid of their placements. */
  readonly forget: readonly {
    readonly record: Assignment;
    readonly after: readonly string[];
    /** Nothing says where its identity is. */
    readonly isUntraced?: true;
  }[];
};

export type Plan = {
  /** Only machines with something to do, in order. */
  readonly machines: readonly MachinePlan[];
  readonly notes: readonly Note[];
  /** How many assignments shall exist. */
  readonly wantedCount: number;
};
