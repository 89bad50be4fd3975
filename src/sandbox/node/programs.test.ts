import type { Container } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, it } from "vitest";
import { commandLine, ownPorts } from "./programs.ts";

const programs = new Map([
  ["nmi", { file: "/dist/node", args: ["nmi.cjs"] }],
  ["demo", { file: "/dist/demo" }],
]);
const container = (over: Partial<Container>): Container => ({ name: "main", image: "nmi", ...over });

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

  it.each([
    { over: {}, then: { file: "/bin/sh", args: [] } },
    { over: { args: ["sleep", "$(A)"] }, then: { file: "sleep", args: ["1"] } },
    { over: { command: ["sleep"], args: ["2"] }, then: { file: "sleep", args: ["2"] } },
  ])("runs $then.file where the image only says what runs without a word of the container: $over", ({ over, then }) => {
    const shell = new Map([["busybox", { file: "/bin/sh", isFallback: true } as const]]);
    expect(commandLine(container({ image: "busybox:1", ...over }), shell, { A: "1" })).toEqual(then);
  });

  it.each(["nginx:1.27", "", "nmi/other"])("refuses the image '%s' and lists the known ones", (image) => {
    expect(() => commandLine(container({ image }), programs, {})).toThrow(/has no image ".*": use one of demo, nmi$/);
  });

  it("puts what the image says before the container's arguments, which win, and what cannot hold here behind", () => {
    const image = { file: "/dist/nmi", args: ["--node=$(NODE)"], last: ["--skip"] };
    const { args } = commandLine(container({ args: ["--node=own"] }), new Map([["nmi", image]]), { NODE: "node-0" });
    expect(args).toEqual(["--node=node-0", "--node=own", "--skip"]);
  });
});

describe("ownPorts", () => {
  const ports = new Map([["http-probe-port", 8080]]);

  it.each([
    { when: "a flag says it", args: ["--http-probe-port=8085"], port: 8085 },
    { when: "two words say it", args: ["-http-probe-port", "8085"], port: 8085 },
    { when: "the last flag says it", args: ["--http-probe-port=1", "--http-probe-port=8085"], port: 8085 },
    { when: "nothing says it", args: ["--http-probe=1"], port: 8080 },
  ])("gives a port that nobody has for the one that the program would take when $when", async ({ args, port }) => {
    const own = await ownPorts({ file: "nmi", args, ports });
    expect([...own.ports.keys()]).toEqual([port]);
    expect(own.args).toEqual([`--http-probe-port=${own.ports.get(port)}`]);
  });

  it("leaves a program alone that takes any port, or none", async () => {
    expect(await ownPorts({ file: "nmi", args: ["--http-probe-port=0"], ports })).toEqual({
      args: [],
      ports: new Map(),
    });
    expect(await ownPorts({ file: "sh", args: [] })).toEqual({ args: [], ports: new Map() });
  });
});
