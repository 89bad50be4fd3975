import { apiVersion, type Kind, kinds } from "./kinds.ts";

/** The fields of an object whose names have had other spellings; what is inside a field stands under it. */
type Shape = { readonly [field: string]: Shape | Kind | undefined };
type Fields = Readonly<Record<string, unknown>>;

const identity: Shape = {
  spec: {
    resourceID: {},
    clientID: {},
    clientPassword: { name: {}, namespace: {} },
    tenantID: {},
    adResourceID: {},
    adEndpoint: {},
  },
};
const binding: Shape = { spec: { azureIdentity: {}, selector: {} } };
const shapes: ReadonlyMap<Kind, Shape> = new Map<Kind, Shape>([
  [kinds.identity, identity],
  [kinds.binding, binding],
  [kinds.exception, { spec: { podLabels: {} } }],
  [
    kinds.assignment,
    {
      spec: {
        azureIdentityRef: kinds.identity,
        azureBindingRef: kinds.binding,
        podNamespace: {},
        nodename: {},
      },
      status: { status: {}, availableReplicas: {} },
    },
  ],
]);

export type Respelled = {
  readonly object: object;
  /** The old names, as paths such as `spec.ClientID`. */
  readonly found: readonly string[];
};

/**
 * An object as it is written today; undefined when nothing about it is old. Releases before 1.6 wrote other capitals,
 * and the upgrade to 1.6 called the copies in an AzureAssignedIdentity lists. Where an object holds a field in several
 * spellings, today's counts, unless it is empty. Everything else stays as it is.
 */
export function respelled(kind: Kind, raw: unknown): Respelled | undefined {
  const found: string[] = [];
  const object = respellAs(kind, raw, "", found);
  return found.length === 0 ? undefined : { object: object as object, found };
}

function respellAs(kind: Kind, raw: unknown, path: string, found: string[]): unknown {
  return respell(shapes.get(kind) ?? {}, raw, path, found);
}

function respell(shape: Shape, raw: unknown, path: string, found: string[]): unknown {
  if (!isFields(raw)) return raw;
  const today = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    const name = today.get(key.toLowerCase()) ?? key;
    if (name !== key) found.push(`${path}${key}`);
    const isBetter = name === key ? !isEmpty(value) : !(name in result) || isEmpty(result[name]);
    if (!(name in result) || isBetter) result[name] = inside(shape[name], value, `${path}${name}.`, found);
  }
  return result;
}

function inside(shape: Shape | Kind | undefined, value: unknown, path: string, found: string[]): unknown {
  if (shape === undefined) return value;
  return isKind(shape) ? copyOf(shape, value, path, found) : respell(shape, value, path, found);
}

/** A whole object inside another: it says what it is. */
function copyOf(kind: Kind, value: unknown, path: string, found: string[]): unknown {
  if (!isFields(value)) return value;
  const names = { apiVersion: apiVersion(kind), kind: kind.kind };
  for (const [name, right] of Object.entries(names)) if (value[name] !== right) found.push(`${path}${name}`);
  return { ...(respellAs(kind, value, path, found) as object), ...names };
}

function isKind(shape: Shape | Kind): shape is Kind {
  return shapes.has(shape as Kind);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
