import { randomBytes } from "node:crypto";
import { it } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { Ask } from "../support/kube/same-api.ts";
import { twoApis } from "../support/kube/two-apis.ts";

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/** Kinds that all tests of objects share, and one of its own for each test of definitions. */
const SHARED = `g${randomBytes(4).toString("hex")}.example.com`;
const THINGS = `/apis/${SHARED}/v1/namespaces/NS/things`;
const DOUBLES = `/apis/${SHARED}/v2/namespaces/NS/doubles`;
const GROUP = "NS.example.com";
const NAME = `things.${GROUP}`;
const MERGE = "application/merge-patch+json";

const text = { type: "string" };
const number = { type: "integer" };
const of = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });

function version(name: string, spec: object, more: object = {}): object {
  const schema = { openAPIV3Schema: { type: "object", properties: { spec } } };
  return { name, served: true, storage: true, schema, ...more };
}

function definition(versions: readonly object[], more: object = {}, group = GROUP, plural = "things"): Ask {
  const names = { plural, kind: plural === "things" ? "Thing" : "Double" };
  const spec = { group, scope: "Namespaced", names, versions, ...more };
  return { path: CRDS, body: { metadata: { name: `${plural}.${group}` }, spec } };
}

/** The fields of the shared kind: each case has one. */
const fields: Record<string, object> = {};

/** Makes an object whose own field has that schema and that value. */
function made(schema: object, value: unknown, more: { readonly body?: object; readonly query?: string } = {}): Ask {
  const field = `f${Object.keys(fields).length}`;
  fields[field] = schema;
  const object = { apiVersion: `${SHARED}/v1`, kind: "Thing", metadata: { name: "a" }, spec: { [field]: value } };
  return { path: `${THINGS}${more.query ?? ""}`, body: { ...object, ...more.body } };
}

const double: Ask = {
  path: DOUBLES.replace("/v2/", "/v1/"),
  body: { apiVersion: `${SHARED}/v1`, kind: "Double", metadata: { name: "a" }, spec: { a: "y" } },
};
const get: Ask = { path: `${THINGS}/a` };
const patched = (path: string, spec: object): Ask => ({ method: "PATCH", path, type: MERGE, body: { spec } });

const list = (items: object, more: object = {}) => ({ type: "array", items, ...more });
const keyed = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] };
const ends = [{ pattern: "^x" }, { pattern: "y$" }];
const nested = of({ b: { ...text, default: "x" } }, { default: {} });

const objects: Readonly<Record<string, readonly Ask[]>> = {
  "a wrong type": [made(number, "1")],
  "a wrong type deep inside": [made(list(of({ b: of({ c: number }) })), [{ b: { c: "x" } }])],
  "an object for a text": [made(text, {})],
  "a fraction for a whole number": [made(number, 1.5)],
  "what is required": [made(of({ a: text, b: number }, { required: ["a", "b"] }), {})],
  "no such value of an enum": [made({ ...text, enum: ["x", "y"] }, "z")],
  "a pattern": [made({ ...text, pattern: "^[a-z]+$" }, "A1")],
  "too short": [made({ ...text, minLength: 2 }, "x")],
  "too long": [made({ ...text, maxLength: 1 }, "xyz")],
  "too small": [made({ ...number, minimum: 5 }, 4)],
  "too large": [made({ ...number, maximum: 5 }, 6)],
  "an exclusive bound": [made({ ...number, minimum: 5, exclusiveMinimum: true }, 5)],
  "no multiple": [made({ ...number, multipleOf: 3 }, 4)],
  "too few items": [made(list(text, { minItems: 2 }), ["x"])],
  "too many items": [made(list(text, { maxItems: 1 }), ["x", "y"])],
  "too few properties": [made({ type: "object", additionalProperties: text, minProperties: 2 }, { x: "1" })],
  "too many properties": [made({ type: "object", additionalProperties: text, maxProperties: 1 }, { x: "1", y: "2" })],
  "a map of texts": [made({ type: "object", additionalProperties: text }, { x: 1 })],
  "a null that may be": [made({ ...text, nullable: true }, null)],
  "a null that may not be": [made(text, null)],
  defaults: [made(of({ a: nested, c: { ...number, default: 3 } }), {})],
  "a default for a null": [made(of({ a: { ...text, default: "x" } }), { a: null })],
  "unknown fields go": [made(of({ a: text }), { a: "x", b: 1 }), get],
  "unknown fields warn": [made(of({ a: of({}) }), { a: { c: 1 }, b: 1 })],
  "unknown fields, strict": [made(of({ a: text }), { a: "x", b: 1 }, { query: "?fieldValidation=Strict" })],
  "unknown fields stay": [
    made({ ...of({ a: text }), "x-kubernetes-preserve-unknown-fields": true }, { a: "x", b: { c: 1 } }),
  ],
  "an int or a string": [made({ "x-kubernetes-int-or-string": true }, true)],
  "a set with a value twice": [made(list(text, { "x-kubernetes-list-type": "set" }), ["x", "y", "x"])],
  "a map with a key twice": [
    made(list(of({ k: text, v: text }, { required: ["k"] }), keyed), [
      { k: "x", v: "1" },
      { k: "y" },
      { k: "x", v: "2" },
    ]),
  ],
  "a date": [made({ ...text, format: "date-time" }, "tomorrow")],
  "one of two": [made({ ...text, oneOf: ends }, "xy")],
  "any of two": [made({ ...text, anyOf: ends }, "z")],
  "all of two": [made({ ...text, allOf: ends }, "xz")],
  "not one": [made({ ...text, not: { pattern: "^x" } }, "xz")],
  "another kind": [made(text, "a", { body: { kind: "Other" } })],
  "no kind": [{ path: THINGS, body: { metadata: { name: "a" } } }],
  "a patch that breaks the schema": [made(number, 1), patched(`${THINGS}/a`, { f0: "x" })],
  "a list": [made(text, "x"), { path: THINGS }],
  "a status that has a URL of its own": [{ ...double, body: { ...(double.body as object), status: { b: 1 } } }],
  "made in one version, read in another": [double, { path: `${DOUBLES}/a` }],
  "patched in another version": [double, patched(`${DOUBLES}/a`, { a: "z" })],
  "listed in another version": [double, { path: DOUBLES }],
};

const shared: readonly Ask[] = [
  definition([version("v1", of(fields))], {}, SHARED),
  definition(
    [
      version("v1", of({ a: text }), { subresources: { status: {} } }),
      version("v2", of({ a: text, b: { ...text, default: "x" } }), { storage: false, subresources: { status: {} } }),
    ],
    {},
    SHARED,
    "doubles",
  ),
  { path: `/apis/${SHARED}/v1/things`, isAwaited: true },
  { path: `/apis/${SHARED}/v2/doubles`, isAwaited: true },
];

const definitions: Readonly<Record<string, readonly Ask[]>> = {
  "no type at the root": [definition([{ ...version("v1", {}), schema: { openAPIV3Schema: {} } }])],
  "another type at the root": [definition([{ ...version("v1", {}), schema: { openAPIV3Schema: { type: "string" } } }])],
  "no type of a field": [definition([version("v1", { properties: { a: {} } })])],
  "no type of items": [definition([version("v1", of({ a: { type: "array", items: {} } }))])],
  "no items of a list": [definition([version("v1", of({ a: { type: "array" } }))])],
  "properties and additional ones": [definition([version("v1", of({ a: text }, { additionalProperties: text }))])],
  "a reference": [definition([version("v1", { $ref: "#/definitions/x" })])],
  "unique items": [definition([version("v1", of({ a: { type: "array", items: text, uniqueItems: true } }))])],
  "an unknown type": [definition([version("v1", of({ a: { type: "text" } }))])],
  "no schema": [definition([{ name: "v1", served: true, storage: true }])],
  "no storage version": [definition([version("v1", of({}), { storage: false })])],
  "two storage versions": [definition([version("v1", of({})), version("v2", of({}))])],
  "a version twice": [definition([version("v1", of({})), version("v1", of({}), { storage: false })])],
  "a name of a version": [definition([version("V1", of({}))])],
  "no versions": [definition([])],
  "another name": [
    {
      path: CRDS,
      body: { ...(definition([version("v1", of({}))]).body as object), metadata: { name: "other.example.com" } },
    },
  ],
  "no scope": [definition([version("v1", of({}))], { scope: "" })],
  "another scope": [definition([version("v1", of({}))], { scope: "Everywhere" })],
  "no map keys": [
    definition([version("v1", of({ a: { type: "array", items: of({ k: text }), "x-kubernetes-list-type": "map" } }))]),
  ],
  "a default of a wrong type": [definition([version("v1", of({ a: { ...number, default: "x" } }))])],
  "its scope changed": [
    definition([version("v1", of({}))]),
    { path: `/apis/${GROUP}/v1/things`, isAwaited: true }, // it may change until it is established
    { method: "PATCH", path: `${CRDS}/${NAME}`, type: MERGE, body: { spec: { scope: "Cluster" } } },
  ],
};

onKubernetes("custom resources as on the real API server", (plane) => {
  const mine = ["things", "doubles"].map((plural) => `${CRDS}/${plural}.${SHARED}`);
  const expectSame = twoApis(plane, { before: shared, afterEach: [`${CRDS}/${NAME}`], after: mine });
  for (const [group, cases] of Object.entries({ objects, definitions })) {
    it.concurrent.for(Object.entries(cases))(`${group}: %s`, async ([, asks]) => {
      await expectSame(asks);
    });
  }
});
