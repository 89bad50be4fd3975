/** A mistake that somebody might make in MIC's code, as one replacement in one file. */
export type Defect = {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What goes wrong with it. */
  readonly why: string;
};

/** Six defects that the histories have to find, each within a thousand. */
export const defects: readonly Defect[] = [
  {
    name: "in-use check dropped",
    file: "src/assignment/plan.ts",
    find: "const leaves = (id: string) => !inUse.has(id);",
    replace: "const leaves = (_id: string) => true;",
    why: "an identity is taken off a machine with its first user, while others still use it",
  },
  {
    name: "requeue skipped",
    file: "src/mic/rests.ts",
    find: "void this.#clock.sleep(ms, AbortSignal.any([signal, rest.end.signal])).then(wake, wake);",
    replace: "void [this.#clock, ms, signal, wake];",
    why: "what failed is not tried again until something else happens",
  },
  {
    name: "namespace ignored",
    file: "src/assignment/records.ts",
    find: "byPod.get(namespace)?.get(name) ?? []",
    replace: "[...byPod.values()].flatMap((pods) => pods.get(name) ?? [])",
    why: "pods of one name in two namespaces share a record",
  },
  {
    name: "system identity stripped",
    file: "src/azure/identity-patch.ts",
    find: "const hasSystem = /systemassigned/i.test(current.type);",
    replace: "const hasSystem = false;",
    why: "a machine loses its system-assigned identity at the first change",
  },
  {
    name: "finalizer lost",
    file: "src/api/assignment.ts",
    find: "[...new Set([...over.finalizers, ASSIGNMENT_FINALIZER])]",
    replace: "[]",
    why: "a record that somebody deletes is gone before its identity is off the machine",
  },
  {
    name: "two leaders",
    file: "src/kube/leader.ts",
    find: 'if (holder !== "") return false;',
    replace: "if (holder.length > 253) return false;",
    why: "a second MIC changes machines while the first one does",
  },
];
