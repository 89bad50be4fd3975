import { describe, expect, it } from "vitest";
import { fieldsOf, jsonFieldsOf } from "../types/kube-types.ts";
import { readProtobuf } from "./protobuf.ts";

/** A field of bytes: a text, or a message of more fields. */
function bytes(number: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const value = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.from([(number << 3) | 2, value.length, ...value]);
}

function whole(number: number, value: number): Buffer {
  return Buffer.from([number << 3, value]);
}

function packed(apiVersion: string, kind: string, ...fields: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from("k8s\0"), bytes(1, bytes(1, apiVersion), bytes(2, kind)), bytes(2, ...fields)]);
}

const named = (name: string) => bytes(1, bytes(1, name), whole(7, 0), bytes(8, ""));

describe("readProtobuf", () => {
  it("reads texts, lists, maps, bytes and numbers of any kind of the table", () => {
    const secret = packed("v1", "Secret", named("a"), bytes(2, bytes(1, "k"), bytes(2, "v")), bytes(3, "Opaque"));
    expect(readProtobuf(secret)).toEqual({
      ...{ kind: "Secret", apiVersion: "v1", metadata: { name: "a" } },
      ...{ data: { k: "dg==" }, type: "Opaque" },
    });
    const rule = bytes(2, bytes(1, "get"), bytes(1, "list"), bytes(2, ""), bytes(3, "pods"));
    expect(readProtobuf(packed("rbac.authorization.k8s.io/v1", "Role", named("r"), rule))).toMatchObject({
      rules: [{ verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] }],
    });
  });

  it("keeps a zero that somebody wrote, and no other", () => {
    const spec = bytes(2, whole(1, 0), whole(5, 0), whole(7, 1));
    const { spec: read } = readProtobuf(packed("apps/v1", "Deployment", named("d"), spec));
    expect(read).toEqual({ replicas: 0, paused: true });
  });

  it("puts the fields of inline types beside the others, and reads ports of either form", () => {
    const target = (value: Buffer) => bytes(1, bytes(4, value));
    const ports = [
      target(Buffer.concat([whole(1, 0), whole(2, 80)])),
      target(Buffer.concat([whole(1, 1), bytes(3, "http")])),
    ];
    const { spec } = readProtobuf(packed("v1", "Service", named("s"), bytes(2, ...ports)));
    expect(spec).toEqual({ ports: [{ targetPort: 80 }, { targetPort: "http" }] });
    const volume = bytes(1, bytes(1, "v"), bytes(2, bytes(2, bytes(1, ""))));
    expect(readProtobuf(packed("v1", "Pod", named("p"), bytes(2, volume)))).toMatchObject({
      spec: { volumes: [{ name: "v", emptyDir: {} }] },
    });
  });

  it("reads times, and those that carry none are left out", () => {
    const seconds = Buffer.from([1 << 3, 0x80, 0xa3, 0x05]);
    const lease = packed("coordination.k8s.io/v1", "Lease", named("l"), bytes(2, bytes(3, seconds), bytes(4, "")));
    expect(readProtobuf(lease)).toMatchObject({
      spec: { acquireTime: "1970-01-02T00:00:00.000000Z", renewTime: null },
    });
  });

  it.each([
    { when: "there is no magic", body: Buffer.from("{}"), then: /magic/ },
    {
      when: "the kind is unknown",
      body: packed("v1", "Volcano"),
      then: /no kind "Volcano" is registered for version "v1"/,
    },
    { when: "it ends too early", body: packed("v1", "Pod", Buffer.from([0x0a, 9])), then: /unexpected EOF/ },
  ])("is refused when $when", ({ body, then }) => {
    expect(() => readProtobuf(body)).toThrow(then);
  });
});

describe("the table of types", () => {
  it("has every type that it names", () => {
    const missing = new Set<string>();
    const seen = new Set<string>();
    const walk = (type: string) => {
      if (seen.has(type)) return;
      seen.add(type);
      if (fieldsOf(type) === undefined) missing.add(type);
      for (const field of jsonFieldsOf(type)) {
        const [inner] = /[a-z]+\.[A-Z]\w*$/.exec(field.type) ?? [];
        if (inner !== undefined) walk(inner);
      }
    };
    for (const kind of ["core.Pod", "apps.Deployment", "batch.CronJob", "apiextensions.CustomResourceDefinition"])
      walk(kind);
    expect([...missing]).toEqual([]);
    expect(seen.size).toBeGreaterThan(150);
  });

  it("says which lists a strategic merge patch merges, and by what", () => {
    const named = Object.fromEntries(jsonFieldsOf("core.PodSpec").map((field) => [field.name, field]));
    expect(named.containers?.mergeKey).toBe("name");
    expect(named.tolerations?.mergeKey).toBeUndefined();
    expect(named.volumes).toMatchObject({ mergeKey: "name", retainsKeys: true });
    expect(jsonFieldsOf("meta.ObjectMeta").find(({ name }) => name === "finalizers")?.mergeKey).toBe("");
  });
});
