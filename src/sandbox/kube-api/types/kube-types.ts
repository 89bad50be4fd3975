import { table } from "./kube-types.generated.ts";

/** A field of a built-in type, as its JSON has it. */
export type KubeField = {
  readonly name: string;
  /** Its number in protobuf; 0 when it never goes that way. */
  readonly number: number;
  /**
   * `string`, `bool`, `int`, `float`, `byte`, `bytes` (base64), `time`, `micro-time`, `duration`, `quantity`, `int-or-string`, `any`, or the
   * name of a type with fields; after `[]` for a list of them, `{}` for a map from text to them.
   */
  readonly type: string;
  /** Null, or not there, is another thing than the zero of its type. */
  readonly isPointer: boolean;
  /** It is written also when it is empty. */
  readonly isAlways: boolean;
  /** Its fields stand beside those around it. */
  readonly isInline: boolean;
  /** How a strategic merge patch changes a list: items merge by a key (or as a set when that is empty); undefined: it replaces. */
  readonly mergeKey: string | undefined;
  /** A strategic merge patch says which fields stay. */
  readonly retainsKeys: boolean;
};

const FIELD = /^(\S+) (\d+) (\*?)([^\s!]+)(!?)(?: (\S+))?$/;

let types: ReadonlyMap<string, readonly KubeField[]> | undefined;

/** The fields of a type such as `core.PodSpec`; undefined for one that the table does not have. */
export function fieldsOf(type: string): readonly KubeField[] | undefined {
  types ??= readTable();
  return types.get(type);
}

/** The fields as they stand in JSON: those of inline types beside the others. */
export function jsonFieldsOf(type: string): readonly KubeField[] {
  return (fieldsOf(type) ?? []).flatMap((field) => (field.isInline ? jsonFieldsOf(field.type) : [field]));
}

/** The type of a kind: `core.Pod` of `Pod` in the core group. */
export function typeOfKind(group: string, kind: string): string {
  const [home = ""] = group.split(".");
  return `${home || "core"}.${kind}`;
}

function readTable(): ReadonlyMap<string, readonly KubeField[]> {
  const lines = table.trim().split(/\n|; /);
  return new Map(
    lines.map((line) => {
      const [name = "", fields = ""] = line.split(": ");
      return [name, fields === "" ? [] : fields.split(", ").map(readField)];
    }),
  );
}

function readField(text: string): KubeField {
  const [, name = "", number, pointer, type = "", always, patch = ""] = FIELD.exec(text) ?? [];
  const merge = /^merge(?:=(\w+))?/.exec(patch);
  return {
    name,
    number: Number(number),
    type,
    isPointer: pointer === "*",
    isAlways: always === "!",
    isInline: name === "+",
    mergeKey: merge ? (merge[1] ?? "") : undefined,
    retainsKeys: patch.includes("retainKeys"),
  };
}
