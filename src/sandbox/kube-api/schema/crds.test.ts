import { ApiextensionsV1Api, CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { call, JSON_PATCH, MERGE_PATCH, watchEvents } from "../../../../test/support/kube/kube-call.ts";
import { startKubeApi } from "../server.ts";

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const CRD = `${CRDS}/parrots.birds.example`;
const PARROTS = "/apis/birds.example/v1/namespaces/default/parrots";
const where = { group: "birds.example", version: "v1", namespace: "default", plural: "parrots" };

const text = { type: "string" };
const spec = {
  type: "object",
  properties: {
    colour: { ...text, enum: ["red", "green"] },
    age: { type: "integer", minimum: 0 },
    words: { type: "array", nullable: true, items: text, maxItems: 2 },
    rings: { type: "object", additionalProperties: text },
    metadata: { type: "object" },
    owner: {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      properties: { spec: { type: "object", properties: { city: text } } },
    },
    anything: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    mood: { ...text, default: "calm" },
  },
};

function definition(change: object = {}) {
  const openAPIV3Schema = {
    type: "object",
    properties: { spec, status: { type: "object", properties: { seen: text } } },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "parrots.birds.example" },
    spec: {
      group: "birds.example",
      scope: "Namespaced",
      names: { kind: "Parrot", plural: "parrots" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema }, ...change }],
    },
  };
}

function parrot(name: string, over: object = {}, metadata: object = {}): object {
  return { apiVersion: "birds.example/v1", kind: "Parrot", metadata: { name, ...metadata }, spec: over };
}

let url: string;
let config: KubeConfig;
beforeEach(async () => {
  const api = await startKubeApi();
  onTestFinished(() => api[Symbol.asyncDispose]());
  url = api.url;
  config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "sandbox", server: url, skipTLSVerify: true }, { name: "somebody" });
});

const define = (change?: object) => call(url, "POST", CRDS, definition(change));
const post = (body: object) => call(url, "POST", PARROTS, body);

describe("a CustomResourceDefinition", () => {
  it("makes its resource appear, and vanish with all its objects", async () => {
    expect(await call(url, "GET", PARROTS)).toMatchObject({ code: 404 });
    expect(await define()).toMatchObject({ code: 201 });
    const definitions = config.makeApiClient(ApiextensionsV1Api);
    const made = await definitions.readCustomResourceDefinition({ name: "parrots.birds.example" });
    expect(made.status?.conditions).toContainEqual(expect.objectContaining({ type: "Established", status: "True" }));
    expect(made.spec.names).toMatchObject({ singular: "parrot", listKind: "ParrotList" });

    const custom = config.makeApiClient(CustomObjectsApi);
    await custom.createNamespacedCustomObject({ ...where, body: parrot("polly") });
    expect(await custom.listNamespacedCustomObject(where)).toMatchObject({
      kind: "ParrotList",
      items: [{ kind: "Parrot", apiVersion: "birds.example/v1", metadata: { name: "polly" } }],
    });
    expect((await call(url, "GET", "/apis/birds.example/v1")).body.resources).toMatchObject([{ name: "parrots" }]);

    const events = watchEvents(url, `${PARROTS}?watch=true`);
    await events.next();
    await call(url, "DELETE", CRD);
    expect((await events.next()).value).toMatchObject({ type: "DELETED" });
    expect((await events.next()).done).toBe(true);
    expect(await call(url, "GET", PARROTS)).toMatchObject({ code: 404 });
    await define();
    expect((await call(url, "GET", PARROTS)).body.items).toEqual([]);
  });

  it("stays until the last finalizer of its objects is gone", async () => {
    await define();
    await post(parrot("polly", {}, { finalizers: ["birds.example/keeper"] }));
    await call(url, "DELETE", CRD);
    expect(await call(url, "GET", `${PARROTS}/polly`)).toMatchObject({ code: 200 });
    await call(url, "PATCH", `${PARROTS}/polly`, { metadata: { finalizers: null } }, { type: MERGE_PATCH });
    expect(await call(url, "GET", CRD)).toMatchObject({ code: 404 });
  });

  it.each([
    { why: "its name is not <plural>.<group>", crd: { ...definition(), metadata: { name: "birds" } } },
    { why: "it has no schema", crd: definition({ schema: {} }) },
    { why: "no version is stored", crd: definition({ storage: false }) },
    {
      why: "its schema says what this server cannot check",
      crd: definition({
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-validations": [{ rule: "has(self.a)" }] } },
      }),
    },
    {
      why: "its group belongs to Kubernetes and nobody says who approved it",
      crd: {
        ...definition(),
        metadata: { name: "parrots.x.k8s.io" },
        spec: { ...definition().spec, group: "x.k8s.io" },
      },
    },
  ])("is refused when $why", async ({ crd }) => {
    expect(await call(url, "POST", CRDS, crd)).toMatchObject({ code: 422, body: { reason: "Invalid" } });
  });
});

describe("a custom resource", () => {
  beforeEach(async () => {
    expect(await define()).toMatchObject({ code: 201 });
  });

  it("loses what its schema does not declare", async () => {
    const { body } = await post(
      parrot("polly", {
        age: 3,
        Age: 4,
        words: null,
        colour: null,
        rings: { left: "7" },
        metadata: { creationTimestamp: null },
        owner: {
          apiVersion: "v1",
          kind: "Keeper",
          metadata: { name: "k", uid: "u", resourceVersion: "9", creationTimestamp: null, strange: 1 },
          spec: { city: "Oslo", street: "x" },
          strange: 1,
        },
        anything: { at: ["all"] },
      }),
    );
    expect(body.spec).toEqual({
      age: 3,
      words: null,
      rings: { left: "7" },
      metadata: {},
      owner: {
        apiVersion: "v1",
        kind: "Keeper",
        metadata: { name: "k", uid: "u", resourceVersion: "9" },
        spec: { city: "Oslo" },
      },
      anything: { at: ["all"] },
      mood: "calm",
    });
  });

  it.each([
    {
      spec: { age: "old" },
      says: 'spec.age: Invalid value: "string": spec.age in body must be of type integer: "string"',
    },
    {
      spec: { age: 1.5 },
      says: 'spec.age: Invalid value: "number": spec.age in body must be of type integer: "number"',
    },
    { spec: { age: -1 }, says: "spec.age: Invalid value: -1: spec.age in body should be greater than or equal to 0" },
    {
      spec: { words: [1] },
      says: 'spec.words[0]: Invalid value: "integer": spec.words[0] in body must be of type string: "integer"',
    },
    {
      spec: { words: ["a", "b", "c"] },
      says: "spec.words: Too many: 3: must have at most 2 items",
    },
    {
      spec: { rings: { a: true } },
      says: 'spec.rings.a: Invalid value: "boolean": spec.rings.a in body must be of type string: "boolean"',
    },
    { spec: { colour: "blue" }, says: 'spec.colour: Unsupported value: "blue": supported values: "red", "green"' },
    { spec: { owner: { kind: "Keeper" } }, says: "spec.owner.apiVersion: Required value" },
    { spec: 7, says: 'spec: Invalid value: "integer": spec in body must be of type object: "integer"' },
  ])("is refused with: $says", async ({ spec: over, says }) => {
    expect(await post({ ...parrot("polly"), spec: over })).toMatchObject({
      code: 422,
      body: { reason: "Invalid", message: `Parrot.birds.example "polly" is invalid: ${says}` },
    });
  });

  it("names its type in full", async () => {
    const { kind: _kind, ...kindless } = { ...parrot("polly"), kind: "" };
    expect(await post(kindless)).toMatchObject({
      code: 400,
      body: { message: expect.stringContaining("Object 'Kind' is missing") },
    });
    expect(await post({ ...parrot("polly"), apiVersion: "birds.example/v2" })).toMatchObject({ code: 400 });
    expect(await post({ ...parrot("polly"), kind: "Crow" })).toMatchObject({ code: 422 });
  });

  it("counts every change outside metadata while it has no status subresource", async () => {
    await post({ ...parrot("polly"), status: { seen: "today" } });
    const patch = async (body: unknown, type: string) =>
      (await call(url, "PATCH", `${PARROTS}/polly`, body, { type })).body.metadata?.generation;
    expect(await patch({ metadata: { labels: { a: "b" } } }, MERGE_PATCH)).toBe(1);
    expect(await patch([{ op: "replace", path: "/status/seen", value: "now" }], JSON_PATCH)).toBe(2);
    expect(await patch({ spec: { age: 1 } }, MERGE_PATCH)).toBe(3);
    expect(await call(url, "GET", `${PARROTS}/polly/status`)).toMatchObject({ code: 404 });
  });

  it("needs a version to be replaced", async () => {
    const { body } = await post(parrot("polly"));
    const put = (metadata: object) => call(url, "PUT", `${PARROTS}/polly`, parrot("polly", { age: 1 }, metadata));
    expect(await put({})).toMatchObject({ code: 422 });
    expect(await put({ resourceVersion: body.metadata?.resourceVersion })).toMatchObject({ code: 200 });
    expect(await put({ resourceVersion: body.metadata?.resourceVersion })).toMatchObject({ code: 409 });
  });
});

it("keeps the status of a custom resource apart where the definition says so", async () => {
  await define({ subresources: { status: {} } });
  await post({ ...parrot("polly", { age: 1 }), status: { seen: "today" } });
  const patch = async (path: string) => {
    const change = { metadata: { labels: { a: "b" } }, spec: { age: 2 }, status: { seen: "now" } };
    return (await call(url, "PATCH", path, change, { type: MERGE_PATCH })).body;
  };
  const byStatus = await patch(`${PARROTS}/polly/status`);
  expect(byStatus).toMatchObject({ spec: { age: 1 }, status: { seen: "now" }, metadata: { generation: 1 } });
  expect(byStatus.metadata?.labels).toBeUndefined();
  expect(await patch(`${PARROTS}/polly`)).toMatchObject({
    spec: { age: 2 },
    metadata: { generation: 2, labels: { a: "b" } },
  });
});
