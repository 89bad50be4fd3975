import { type Kind, kinds } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { bindingLabel } from "../api/pod.ts";
import type { Note, NoteCode } from "../assignment/types.ts";
import { type Log, printable } from "../base/log.ts";
import type { Announcer, ObjectName } from "./announcer.ts";

type Row = {
  /** The line of the log; those of the original are kept as people search for them. */
  readonly line: (note: Note) => string;
  readonly level: "info" | "warn" | "error";
  /** The reason of the event that users see; absent when it passes by itself. */
  readonly reason?: string;
};

const podName = ({ pod }: Note) => (pod === undefined ? "" : objectKey(pod.meta));

/** How each reason to leave something out is told. */
const rows: Readonly<Record<NoteCode, Row>> = {
  "pod-finished": { level: "info", line: (note) => `pod ${podName(note)} has finished. it will be ignored` },
  "pod-unscheduled": {
    level: "info",
    line: (note) => `pod ${podName(note)} has no assigned node yet. it will be ignored`,
  },
  "pod-unbound": {
    level: "info",
    line: (note) => {
      const selector = note.pod === undefined ? "" : printable(bindingLabel(note.pod));
      return `No AzureIdentityBinding found for pod ${podName(note)} that matches selector: ${selector}. it will be ignored`;
    },
    reason: "NoBinding",
  },
  "pod-elsewhere": {
    level: "info",
    line: (note) => `pod ${podName(note)} is in another namespace than its bindings. it will be ignored`,
    reason: "NoBinding",
  },
  "node-unknown": {
    level: "info",
    line: (note) => `node of pod ${podName(note)} is not known yet. it will be ignored`,
  },
  "node-windows": {
    level: "info",
    line: (note) => `pod ${podName(note)} runs on a Windows node. it will be ignored`,
    reason: "NodeWindows",
  },
  "node-foreign": {
    level: "warn",
    line: (note) => `node of pod ${podName(note)} is not a machine of Azure. it will be ignored`,
    reason: "NodeForeign",
  },
  "record-foreign": {
    level: "warn",
    line: ({ record }) =>
      `AzureAssignedIdentity ${record === undefined ? "" : objectKey(record.meta)} stays, since MIC may not change its machine`,
    reason: "MachineForeign",
  },
  "machine-foreign": {
    level: "warn",
    line: (note) => `node of pod ${podName(note)} is not in the cluster's part of Azure. it will be ignored`,
    reason: "MachineForeign",
  },
  "identity-missing": {
    level: "warn",
    line: (note) =>
      `binding ${note.binding === undefined ? "" : objectKey(note.binding.meta)} has no identity. it will be ignored`,
    reason: "IdentityMissing",
  },
  "identity-invalid": {
    level: "error",
    line: ({ identity, detail }) =>
      `ignoring azure identity ${identity === undefined ? "" : objectKey(identity.meta)}, error: ${printable(detail)}`,
    reason: "IdentityInvalid",
  },
};

type Deps = { readonly log: Log; readonly announcer: Announcer };

/** Tells what plans leave out, each thing once while it lasts: plans are made often. */
export class NoteTeller {
  readonly #log: Log;
  readonly #announcer: Announcer;
  #told: ReadonlyMap<string, string> = new Map();

  constructor({ log, announcer }: Deps) {
    this.#log = log;
    this.#announcer = announcer;
  }

  /** Takes all notes of a plan; tells those that the last plan did not have. */
  tell(notes: readonly Note[]): void {
    const told = new Map<string, string>();
    for (const note of notes) {
      const key = noteKey(note);
      told.set(key, note.detail);
      if (this.#told.get(key) !== note.detail) this.#tellOne(note);
    }
    this.#told = told;
  }

  #tellOne(note: Note): void {
    const { level, line, reason } = rows[note.code];
    const isAboutPodOnly = note.pod !== undefined && note.code.startsWith("identity-");
    // A wrong identity is one line, however many pods wait for it; each of them gets an event.
    if (!isAboutPodOnly) this.#log[level](line(note), { reason: note.detail });
    const about = subjectOf(note);
    if (reason === undefined || about === undefined) return;
    this.#announcer.record({ about, type: "Warning", reason, message: sentence(note) });
  }
}

function noteKey({ code, identity, binding, pod, record }: Note): string {
  return [code, ...[identity, binding, pod, record].map((one) => (one === undefined ? "" : objectKey(one.meta)))].join(
    " ",
  );
}

function subjectOf({ pod, identity, binding, record }: Note): { kind: Kind; meta: ObjectName } | undefined {
  if (record !== undefined) return { kind: kinds.assignment, meta: record.meta };
  if (pod !== undefined) return { kind: kinds.pod, meta: pod.meta };
  if (identity !== undefined) return { kind: kinds.identity, meta: identity.meta };
  return binding === undefined ? undefined : { kind: kinds.binding, meta: binding.meta };
}

function sentence({ code, pod, identity, detail }: Note): string {
  if (code !== "identity-invalid" || identity === undefined) return detail;
  const whose = pod === undefined ? "it is ignored" : `AzureIdentity ${objectKey(identity.meta)} is ignored`;
  return `${whose}: ${detail}`;
}
