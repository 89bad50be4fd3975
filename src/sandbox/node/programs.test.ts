import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, it } from "vitest";
import { commandLine, onlyContainer } from "./programs.ts";

const programs = new Map([
  ["nmi", { file: "/dist/node", args: ["nmi.cjs"] }],
  ["demo", { file: "/dist/demo" }],
]);
const container = (over: Partial<Container>): Container => ({ name: "main", image: "nmi", ...over });
const podOf = (spec: Partial<Pod["spec"]>): Pod => ({ spec: { containers: [container({})], ...spec } });

describe("commandLine", () => {
  it.each([
    "nmi",
    "nmi:v1.8.17",
    "mcr.microsoft.com/oss/azure/aad-pod-identity/nmi:v1",
    "localhost:5000/nmi",
    "registry/nmi@sha256:0123",
    "registry/nmi:v1@sha256:0123",
  ])("finds the program of image %s", (image) => {
    expect(commandLine(container({ image }), programs, {})).toEqual({ file: "/dist/node", args: ["nmi.cjs"] });
  });

  it("adds the container's arguments, with variables replaced", () => {
    const { args } = commandLine(container({ args: ["--node=$(NODE)", "$(OTHER)"] }), programs, { NODE: "node-0" });
    expect(args).toEqual(["nmi.cjs", "--node=node-0", "$(OTHER)"]);
  });

  it.each([
    { command: ["/bin/demo", "-x"], then: { file: "/dist/demo", args: ["-x", "last"] } },
    { command: ["sh", "-c", "echo $(A)"], then: { file: "sh", args: ["-c", "echo 1", "last"] } },
  ])("runs $command.0 in place of the image's program", ({ command, then }) => {
    expect(commandLine(container({ command, args: ["last"] }), programs, { A: "1" })).toEqual(then);
  });

  it.each(["nginx:1.27", "", "nmi/other"])("refuses the image '%s' and lists the known ones", (image) => {
    expect(() => commandLine(container({ image }), programs, {})).toThrow(/has no image ".*": use one of demo, nmi$/);
  });
});

describe("onlyContainer", () => {
  it("is the container of a pod that has one", () => {
    expect(onlyContainer(podOf({}))).toMatchObject({ name: "main" });
  });

  it.each([
    { with: "two containers", spec: { containers: [container({}), container({ name: "second" })] } },
    { with: "init containers", spec: { initContainers: [container({ name: "first" })] } },
    { with: "none", spec: { containers: [] } },
  ])("refuses a pod with $with", ({ spec }) => {
    expect(() => onlyContainer(podOf(spec))).toThrow(/runs pods of one container/);
  });
});
