/** A value and where it stands: `nodes[1].instances`, or the option that gave it. */
export type Entry = { readonly at: string; readonly value: unknown };

export type Place = { readonly name: string; readonly resourceGroup: string };

/** A VM, or a scale set with its instances; each instance is a node. */
export type MachinePlan = Place & {
  readonly kind: "vm" | "scaleSet";
  /** 1 for a VM. */
  readonly instances: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Names of the identities that it has from the start. */
  readonly identities: readonly string[];
};

type Fields<Key extends string> = Readonly<Partial<Record<Key, unknown>>>;

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const GROUP = /^[-\w.()]{0,89}[-\w()]$/;
/** Of labels: a name, with or without a prefix, and what it may hold. */
const LABEL_NAME = /^([a-z0-9][-a-z0-9.]{0,251}[a-z0-9]\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
const LABEL_VALUE_RULE = "letters, digits and -_. between them, 63 at most";
const MOST_INSTANCES = 100;
const LABEL_RULE = "lower-case letters, digits and dashes, 63 at most";
const GROUP_RULE = "letters, digits and -_.(), 90 at most";

/** Reads values, and keeps a sentence about each that is wrong. */
export class Reader {
  readonly problems: string[] = [];

  wrong(at: string, is: string, wants: string): void {
    this.problems.push(`${at === "" ? "the file" : at} has ${is}: give ${wants}`);
  }

  /** Nothing for what is no object; keys that are not among the known ones are told. */
  object<Key extends string>({ at, value }: Entry, known: readonly Key[]): Fields<Key> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.wrong(at, shown(value), `an object with ${known.join(", ")}`);
      return {} as Fields<Key>;
    }
    for (const key of Object.keys(value)) {
      if (!known.includes(key as Key)) this.wrong(at, `the unknown key ${key}`, `only ${known.join(", ")}`);
    }
    return value as Fields<Key>;
  }

  label({ at, value }: Entry): string {
    return this.#text({ at, value }, LABEL, LABEL_RULE);
  }

  group({ at, value }: Entry, fallback: string): string {
    return value === undefined ? fallback : this.#text({ at, value }, GROUP, GROUP_RULE);
  }

  count({ at, value }: Entry): number {
    if (value === undefined) return 1;
    if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST_INSTANCES) return Number(value);
    this.wrong(at, shown(value), `a whole number from 1 to ${MOST_INSTANCES}`);
    return 1;
  }

  oneOf({ at, value }: Entry, known: readonly string[]): string {
    if (typeof value === "string" && known.includes(value)) return value;
    this.wrong(
      at,
      shown(value),
      known.length > 0 ? `one of identities: ${known.join(", ")}` : "names of identities, of which there are none",
    );
    return "";
  }

  labels({ at, value = {} }: Entry): Readonly<Record<string, string>> {
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    const labels = isMap ? Object.entries(value) : [];
    if (!isMap) this.wrong(at, shown(value), "an object of texts");
    for (const [name, text] of labels) {
      const of = `${at}.${name}`;
      if (!LABEL_NAME.test(name)) this.wrong(at, `the label ${shown(name)}`, `names of ${LABEL_VALUE_RULE}`);
      if (typeof text !== "string") this.wrong(of, shown(text), "a text, in quotes if it looks like something else");
      else if (!LABEL_VALUE.test(text)) this.wrong(of, shown(text), LABEL_VALUE_RULE);
    }
    return Object.fromEntries(labels.map(([name, text]) => [name, String(text)]));
  }

  #text({ at, value }: Entry, form: RegExp, rule: string): string {
    if (typeof value === "string" && form.test(value)) return value;
    this.wrong(at, shown(value), rule);
    return "";
  }
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : (JSON.stringify(value)?.slice(0, 60) ?? String(value));
}

/** The entries of a list; none for a list that is not there. */
export function listOf({ at, value }: Entry, reader: Reader): readonly Entry[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.map((item, i) => ({ at: `${at}[${i}]`, value: item }));
  reader.wrong(at, shown(value), "a list");
  return [];
}

/** A name, or an object with a name and a resource group. */
export function placeOf({ at, value }: Entry, resourceGroup: string, reader: Reader): Place {
  if (typeof value === "string") return { name: reader.label({ at, value }), resourceGroup };
  const fields = reader.object({ at, value }, ["name", "resourceGroup"]);
  return {
    name: reader.label({ at: under(at, "name"), value: fields.name }),
    resourceGroup: reader.group({ at: under(at, "resourceGroup"), value: fields.resourceGroup }, resourceGroup),
  };
}

const SHARED = ["resourceGroup", "labels", "identities"] as const;

type Known = { readonly resourceGroup: string; readonly identities: readonly string[] };

export function machineOf({ at, value }: Entry, known: Known, reader: Reader): MachinePlan {
  const isSet = typeof value === "object" && value !== null && "scaleSet" in value;
  const kind = isSet ? "scaleSet" : "vm";
  const fields = isSet
    ? reader.object({ at, value }, ["scaleSet", "instances", ...SHARED])
    : { ...reader.object({ at, value }, ["vm", ...SHARED]), instances: 1 };
  const part = (name: keyof typeof fields): Entry => ({ at: under(at, name), value: fields[name] });
  const name = { at: under(at, kind), value: (fields as Readonly<Record<string, unknown>>)[kind] };
  return {
    kind,
    name: reader.label(name),
    resourceGroup: reader.group(part("resourceGroup"), known.resourceGroup),
    instances: reader.count(part("instances")),
    labels: reader.labels(part("labels")),
    identities: listOf(part("identities"), reader).map((entry) => reader.oneOf(entry, known.identities)),
  };
}

/** Options name themselves; what they are made of has no names that people know. */
function under(at: string, name: string): string {
  return at.startsWith("--") ? at : `${at}.${name}`;
}

/** The names of a machine's nodes, as AKS makes them. */
export function nodeNamesOf({
  kind,
  name,
  instances,
}: Pick<MachinePlan, "kind" | "name" | "instances">): readonly string[] {
  if (kind === "vm") return [name];
  return Array.from({ length: instances }, (_, i) => `${name}${i.toString(36).padStart(6, "0")}`);
}
