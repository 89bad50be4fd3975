import type { Json, JsonObject, KubeObject } from "./json.ts";
import type { Schema } from "./schema/schema.ts";
import type { FieldError } from "./status.ts";
import { fieldsOf, typeOfKind } from "./types/kube-types.ts";
import { normalForm } from "./types/normal-form.ts";

/** What is particular to a resource when its objects are written. */
export type Strategy = {
  /** Defaults and normal form, before validation. */
  readonly prepare?: (object: JsonObject, old: KubeObject | undefined) => JsonObject;
  readonly validate?: (object: JsonObject, old: KubeObject | undefined) => readonly FieldError[];
};

/** A kind of object and how the server treats it. */
export type Resource = Strategy & {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  /** Names of groups of kinds that `kubectl get` takes, such as `all`. */
  readonly categories: readonly string[];
  readonly isNamespaced: boolean;
  /** Defined by a CustomResourceDefinition, with this structural schema. */
  readonly isCustom: boolean;
  readonly schema?: Schema;
  /** That of the version in which objects are stored, where it is another one: nothing else is kept. */
  readonly storageSchema?: Schema;
  /** The columns of a table that the definition asks for. */
  readonly printerColumns: readonly JsonObject[];
  /** What names look like: DNS subdomain, DNS label, one that begins with a letter, or anything that can stand in a path. */
  readonly nameForm: "subdomain" | "label" | "service" | "path";
  /** A question, answered by its POST; nothing is kept. */
  readonly isReview: boolean;
  /** A PUT leaves `status` alone and `/status` leaves the rest alone. */
  readonly hasStatus: boolean;
  /** What every answer warns of; empty for most. */
  readonly warning: string;
  /** `/scale` shows and sets `spec.replicas`. */
  readonly hasScale: boolean;
  /** A new object starts with the status that the client sends. */
  readonly keepsFirstStatus: boolean;
  /** `metadata.generation` counts the changes outside metadata (and status, where that is a subresource). */
  readonly hasGeneration: boolean;
  /** A PUT may come without resourceVersion. */
  readonly updatesBlindly: boolean;
  /** A PUT to a name that does not exist creates the object. */
  readonly createsOnUpdate: boolean;
  /** DELETE answers with the object instead of a Status. */
  readonly returnsDeleted: boolean;
  /** Field selectors beside `metadata.name` and `metadata.namespace`, e.g. `spec.nodeName`. */
  readonly selectableFields: Readonly<Record<string, (object: KubeObject) => Json | undefined>>;
};

/** `v1`, or `coordination.k8s.io/v1`. */
export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

const converted = new WeakMap<KubeObject, Map<string, KubeObject>>();

/** A custom resource as a version of its definition shows it, whichever it was written in. */
export function inVersion(resource: Resource, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(resource);
  if (!resource.isCustom || object.apiVersion === apiVersion) return object;
  const made = converted.get(object) ?? new Map<string, KubeObject>();
  const shown = made.get(apiVersion) ?? { ...object, apiVersion };
  converted.set(object, made.set(apiVersion, shown));
  return shown;
}

/** A resource as most built-in ones are: namespaced, updated blindly, without a status of its own. */
export function builtIn(group: string, kind: string, plural: string, differences: Partial<Resource> = {}): Resource {
  return {
    group,
    version: "v1",
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    shortNames: [],
    categories: [],
    isNamespaced: true,
    isCustom: false,
    isReview: false,
    printerColumns: [],
    nameForm: "subdomain",
    hasStatus: false,
    warning: "",
    hasScale: false,
    keepsFirstStatus: false,
    hasGeneration: false,
    updatesBlindly: true,
    createsOnUpdate: false,
    returnsDeleted: false,
    selectableFields: {},
    ...differences,
    ...(differences.isCustom !== true && { prepare: inNormalForm(typeOfKind(group, kind), differences.prepare) }),
  };
}

type Prepare = NonNullable<Strategy["prepare"]>;

function inNormalForm(type: string, prepare: Prepare = (object) => object): Prepare {
  if (fieldsOf(type) === undefined) return prepare;
  return (object, old) => normalForm(prepare(object, old), type);
}
