import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, it } from "vitest";
import { containerEnvironment, expand } from "./environment.ts";
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

  it("refuses a secret as a source unless it is optional", () => {
    const from = (optional: boolean) =>
      container([{ name: "X", valueFrom: { secretKeyRef: { name: "s", key: "k", optional } } }]);
    expect(() => containerEnvironment(pod, from(false))).toThrow(/variable X from a secretKeyRef/);
    expect(containerEnvironment(pod, from(true))).not.toHaveProperty("X");
  });
});
