import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { freshKubeApi, MAPS, PODS, shortPod } from "../../../../test/support/kube/fresh-kube-api.ts";
import type { Answer } from "../../../../test/support/kube/kube-call.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

const { post, get, put, url } = freshKubeApi();
const versionOf = ({ body }: Answer) => Number(body.metadata?.resourceVersion);

describe("create", () => {
  it("gives a new object its identity, and the vendor's client reads it back", async () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: "sandbox", server: url(), skipTLSVerify: true }, { name: "somebody" });
    const core = config.makeApiClient(CoreV1Api);
    const body = {
      metadata: { name: "a", labels: { app: "demo" } },
      spec: { containers: [{ name: "c", image: "i" }] },
    };
    const created = await core.createNamespacedPod({ namespace: "default", body });
    expect(created.metadata).toMatchObject({ name: "a", namespace: "default", labels: { app: "demo" }, generation: 1 });
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(created.metadata?.creationTimestamp?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(created.spec).toMatchObject({ restartPolicy: "Always", terminationGracePeriodSeconds: 30 });
    expect(created.status).toMatchObject({ phase: "Pending", qosClass: "BestEffort" });
    expect(await core.readNamespacedPod({ namespace: "default", name: "a" })).toEqual(created);
  });

  it("counts resourceVersion over all kinds", async () => {
    const first = await post(PODS, shortPod("a"));
    const second = await post(MAPS, { metadata: { name: "a" } });
    expect(versionOf(second)).toBeGreaterThan(versionOf(first));
  });

  it("makes up a name where one is asked for", async () => {
    const [a, b] = [
      await post(MAPS, { metadata: { generateName: "x-" } }),
      await post(MAPS, { metadata: { generateName: "x-" } }),
    ];
    expect(a?.body.metadata?.name).toMatch(/^x-[a-z0-9]{5}$/);
    expect(b?.body.metadata?.name).not.toBe(a?.body.metadata?.name);
  });

  it.each([
    {
      when: "the name is taken",
      then: {
        code: 409,
        body: {
          reason: "AlreadyExists",
          message: 'pods "taken" already exists',
          details: { name: "taken", kind: "pods" },
        },
      },
      body: shortPod("taken"),
    },
    {
      when: "the namespace does not exist",
      path: "/api/v1/namespaces/nowhere/pods",
      then: { code: 404, body: { reason: "NotFound", message: 'namespaces "nowhere" not found' } },
    },
    {
      when: "a pod has no containers",
      body: shortPod("a", { containers: [] }),
      then: { code: 422, body: { reason: "Invalid", message: 'Pod "a" is invalid: spec.containers: Required value' } },
    },
    {
      when: "there is no name",
      body: { spec: { containers: [{ name: "c", image: "i" }] } },
      then: {
        code: 422,
        body: { message: 'Pod "" is invalid: metadata.name: Required value: name or generateName is required' },
      },
    },
    { when: "the name is no DNS name", body: shortPod("Big_Name"), then: { code: 422, body: { reason: "Invalid" } } },
    {
      when: "a label's value is too long",
      body: shortPod("a", {}, { labels: { nodename: "n".repeat(64) } }),
      then: { code: 422, body: { details: { causes: [{ field: "metadata.labels", reason: "FieldValueInvalid" }] } } },
    },
    {
      when: "the body says another namespace",
      body: shortPod("a", {}, { namespace: "other" }),
      then: {
        code: 400,
        body: {
          reason: "BadRequest",
          message: "the namespace of the provided object does not match the namespace sent on the request",
        },
      },
    },
    {
      when: "the body is of another kind",
      body: { ...shortPod("a"), kind: "Node" },
      then: { code: 400, body: { reason: "BadRequest" } },
    },
    {
      when: "there is a resourceVersion",
      body: shortPod("a", {}, { resourceVersion: "5" }),
      then: { code: 500, body: { message: "resourceVersion should not be set on objects to be created" } },
    },
    {
      when: "a label is a number",
      body: shortPod("a", {}, { labels: { a: 1 } }),
      then: { code: 400, body: { reason: "BadRequest" } },
    },
  ])("is refused when $when", async ({ path = PODS, body = shortPod("a"), then }) => {
    await post(PODS, shortPod("taken"));
    expect(await post(path, body)).toMatchObject(then);
  });

  it("keeps a secret's plain text in base64", async () => {
    const { body } = await post("/api/v1/namespaces/default/secrets", {
      metadata: { name: "s" },
      stringData: { a: "b" },
    });
    expect(body).toMatchObject({ type: "Opaque", data: { a: "Yg==" } });
    expect(body.stringData).toBeUndefined();
    const bad = await post("/api/v1/namespaces/default/secrets", { metadata: { name: "t" }, data: { a: "%" } });
    expect(bad).toMatchObject({ code: 400 });
  });

  it("wants an event in the namespace of its object, or in default for one of the whole cluster", async () => {
    const event = (namespace: string, about: string) =>
      post(`/api/v1/namespaces/${namespace}/events`, {
        metadata: { generateName: "e-" },
        involvedObject: { namespace: about },
      });
    expect(await event("kube-public", "kube-public")).toMatchObject({ code: 201 });
    expect(await event("default", "")).toMatchObject({ code: 201 });
    const refused = { code: 422, body: { details: { causes: [{ field: "involvedObject.namespace" }] } } };
    expect(await event("default", "kube-public")).toMatchObject(refused);
    expect(await event("kube-public", "")).toMatchObject(refused);
  });

  it("stores nothing in a dry run", async () => {
    expect(await post(`${PODS}?dryRun=All`, shortPod("a"))).toMatchObject({
      code: 201,
      body: { metadata: { name: "a" } },
    });
    expect(await get(`${PODS}/a`)).toMatchObject({ code: 404 });
  });
});

describe("replace", () => {
  it("keeps what only the server writes, and refuses a stale version", async () => {
    const created = await post(MAPS, { metadata: { name: "a", labels: { x: "1" } }, data: { k: "1" } });
    const { uid, resourceVersion } = created.body.metadata ?? {};
    const next = {
      metadata: { name: "a", resourceVersion, creationTimestamp: "2001-01-01T00:00:00Z" },
      data: { k: "2" },
    };
    const replaced = await put(`${MAPS}/a`, next);
    expect(replaced).toMatchObject({ code: 200, body: { metadata: { uid }, data: { k: "2" } } });
    expect(replaced.body.metadata?.creationTimestamp).toBe(created.body.metadata?.creationTimestamp);
    expect(replaced.body.metadata?.labels).toBeUndefined();

    const message =
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again';
    expect(await put(`${MAPS}/a`, next)).toMatchObject({ code: 409, body: { reason: "Conflict", message } });
  });

  it("takes an update without a version where the kind allows it", async () => {
    await post(MAPS, { metadata: { name: "a" } });
    await post(LEASES, { metadata: { name: "a" }, spec: {} });
    expect(await put(`${MAPS}/a`, { metadata: { name: "a" }, data: { k: "v" } })).toMatchObject({ code: 200 });
    expect(await put(`${LEASES}/a`, { metadata: { name: "a" }, spec: {} })).toMatchObject({
      code: 422,
      body: {
        message: expect.stringContaining("metadata.resourceVersion: Invalid value: 0: must be specified for an update"),
      },
    });
  });

  it("creates what does not exist only for the kinds that do so", async () => {
    expect(await put(`${LEASES}/a`, { metadata: { name: "a" }, spec: {} })).toMatchObject({ code: 201 });
    expect(await put(`${MAPS}/a`, { metadata: { name: "a" } })).toMatchObject({ code: 404 });
    expect(await put(`${MAPS}/a`, { metadata: { name: "b" } })).toMatchObject({ code: 400 });
  });

  it("writes nothing when nothing changes", async () => {
    const first = await post(MAPS, { metadata: { name: "a" }, data: { k: "v" } });
    expect(versionOf(await put(`${MAPS}/a`, { metadata: { name: "a" }, data: { k: "v" } }))).toBe(versionOf(first));
  });

  it("refuses another object's uid, also when there is no object any more", async () => {
    const lease = { metadata: { name: "a", uid: "other" }, spec: {} };
    expect(await put(`${LEASES}/a`, lease)).toMatchObject({ code: 409, body: { reason: "Conflict" } });
    await post(MAPS, { metadata: { name: "a" } });
    expect(await put(`${MAPS}/a`, { metadata: { name: "a", uid: "other" } })).toMatchObject({ code: 409 });
  });
});
