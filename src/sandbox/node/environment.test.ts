import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, it } from "vitest";
import { containerEnvironment, expand, referencesOf } from "./environment.ts";
import { UnsupportedError } from "./unsupported.ts";

const pod: Pod = {
  metadata: {
    name: "demo",
    namespace: "default",
    uid: "1-2",
    labels: { aadpodidbinding: "reader" },
    annotations: { "a.b/c": "noted" },
  },
  spec: { nodeName: "node-0", serviceAccountName: "builder", containers: [] },
  status: { podIP: "127.70.0.2", hostIP: "127.70.0.1" },
};
const container = (env: Container["env"]): Container => ({ name: "demo", ...(env === undefined ? {} : { env }) });
const fieldRef = (fieldPath: string) => [{ name: "X", valueFrom: { fieldRef: { fieldPath } } }];

describe("expand", () => {
  it.each([
    { text: "plain", then: "plain" },
    { text: "$(A)-$(B)", then: "1-2" },
    { text: "$(MISSING)", then: "$(MISSING)" },
    { text: "$$(A)", then: "$(A)" },
    { text: "$$$(A)", then: "$1" },
    { text: "$A {A} $(A", then: "$A {A} $(A" },
    { text: "$(toString)", then: "$(toString)" },
  ])("$text becomes $then", ({ text, then }) => {
    expect(expand(text, { A: "1", B: "2" })).toBe(then);
  });
});

describe("containerEnvironment", () => {
  it("lets later variables refer to earlier ones, not the other way round", () => {
    const env = [
      { name: "EARLY", value: "$(LATE)" },
      { name: "LATE", value: "late" },
      { name: "BOTH", value: "$(EARLY) $(LATE)" },
    ];
    expect(containerEnvironment(pod, container(env))).toMatchObject({ EARLY: "$(LATE)", BOTH: "$(LATE) late" });
  });

  it("prefers the container's own variables to those of the node, and may refer to these", () => {
    const given = { HOST: "node's", KEPT: "kept" };
    const env = [{ name: "HOST", value: "own after $(KEPT)" }];
    expect(containerEnvironment(pod, container(env), given)).toMatchObject({ HOST: "own after kept", KEPT: "kept" });
  });

  it("has what every container has, and nothing of this process", () => {
    expect(Object.keys(containerEnvironment(pod, container(undefined)))).toEqual(["PATH", "HOSTNAME"]);
  });

  it.each([
    ["metadata.name", "demo"],
    ["metadata.namespace", "default"],
    ["metadata.uid", "1-2"],
    ["metadata.labels['aadpodidbinding']", "reader"],
    ["metadata.labels['none']", ""],
    ["metadata.annotations['a.b/c']", "noted"],
    ["spec.nodeName", "node-0"],
    ["spec.serviceAccountName", "builder"],
    ["status.podIP", "127.70.0.2"],
    ["status.hostIP", "127.70.0.1"],
  ])("fills a variable from the field %s", (path, then) => {
    expect(containerEnvironment(pod, container(fieldRef(path)))).toMatchObject({ X: then });
  });

  it("refuses a field that it does not know by naming the variable, the field and those it knows", () => {
    const attempt = () => containerEnvironment(pod, container(fieldRef("spec.priority")));
    expect(attempt).toThrow(UnsupportedError);
    expect(attempt).toThrow(/variable X from the field spec\.priority: it knows metadata\.name,.*\['KEY'\]/);
  });

  it.each([
    { kind: "secret", source: "secretKeyRef", said: "secret" },
    { kind: "ConfigMap", source: "configMapKeyRef", said: "configmap" },
  ])("takes a variable from a $kind, and says when it is not there", ({ source, said }) => {
    const from = (name: string, key: string, optional = false) =>
      container([{ name: "X", valueFrom: { [source]: { name, key, optional } } }]);
    const there = new Map([[`${said}s s`, new Map([["k", Buffer.from("value")]])]]);
    expect(referencesOf(from("s", "k"))).toEqual([`${said}s s`]);
    expect(containerEnvironment(pod, from("s", "k"), {}, there)).toMatchObject({ X: "value" });
    expect(() => containerEnvironment(pod, from("none", "k"), {}, there)).toThrow(`${said} "none" not found`);
    expect(() => containerEnvironment(pod, from("s", "none"), {}, there)).toThrow(
      `couldn't find key none in ${said} "s"`,
    );
    expect(containerEnvironment(pod, from("s", "none", true), {}, there)).not.toHaveProperty("X");
  });

  it("takes all keys of a ConfigMap, which the container's own variables win over", () => {
    const envFrom = [{ prefix: "P_", configMapRef: { name: "c" } }];
    const all = { ...container([{ name: "P_B", value: "own" }]), envFrom };
    const values = new Map([
      ["a", Buffer.from("1")],
      ["B", Buffer.from("2")],
    ]);
    const env = containerEnvironment(pod, all, {}, new Map([["configmaps c", values]]));
    expect(env).toMatchObject({ P_a: "1", P_B: "own" });
    expect(() => containerEnvironment(pod, all)).toThrow('configmap "c" not found');
  });
});
