import { describe, expect, it } from "vitest";
import { settings, snapshot } from "../../test/support/kube/small-cluster.ts";
import { identity, node, pod, vmProviderId } from "../../test/support/make.ts";
import { demo, lines, record, vm, world } from "../../test/support/plan-lines.ts";
import { readScopes } from "../api/machine-scope.ts";
import { readNode } from "../api/node.ts";
import { desiredAssignments } from "./desired.ts";
import type { Snapshot } from "./types.ts";

const a = pod("a");

describe("a node that runs Windows", () => {
  const label = (name: string, value: string) => ({ labels: { [name]: value } });

  it.each([
    { says: label("kubernetes.io/os", "windows"), isWindows: true },
    { says: label("beta.kubernetes.io/os", "windows"), isWindows: true },
    { says: label("kubernetes.io/os", "Windows"), isWindows: true },
    { says: { status: { nodeInfo: { operatingSystem: "windows" } } }, isWindows: true },
    { says: label("kubernetes.io/os", "linux"), isWindows: false },
    { says: { status: { nodeInfo: { operatingSystem: "linux" } } }, isWindows: false },
    { says: {}, isWindows: false },
  ])("is known by $says: $isWindows", ({ says, isWindows }) => {
    expect(node("node-0", vmProviderId("node-0"), says).isWindows).toBe(isWindows);
  });

  it("is read without a status", () => {
    expect(readNode({ metadata: { name: "n" }, spec: {} }).isWindows).toBe(false);
  });

  const windows = node("node-0", vmProviderId("node-0"), label("kubernetes.io/os", "windows"));
  const principal = identity("demo", { spec: { type: 1 } });

  it.each([
    { of: "an identity on machines", identities: [demo.identity] },
    { of: "a service principal", identities: [principal] },
  ])("gives its pods nothing of $of, and one note each", ({ identities }) => {
    const seen = snapshot({ ...world, nodes: [windows], identities, pods: [a] });
    const { wanted, notes } = desiredAssignments(seen);
    expect([wanted, notes.map(({ code, pod: about }) => `${code} ${about?.meta.name}`)]).toEqual([
      [],
      ["node-windows a"],
    ]);
    expect(notes[0]?.detail).toMatch(/^node node-0 runs Windows, .*: run the pod on Linux$/);
  });

  it("gives back what its pods had", () => {
    expect(lines({ nodes: [windows], pods: [a], assignments: [record({ ...demo, pod: a })] })).toEqual([
      "on virtualmachines/node-0",
      "detach demo",
      "forget a-default-demo",
    ]);
  });
});

describe("machines elsewhere in Azure", () => {
  const away = (part: string) => vmProviderId("node-0").replace("/sub/resourcegroups/rg/", part);
  const theirs = away("/S2/resourceGroups/Pool/");
  const scoped = (...texts: readonly string[]) => {
    const read = readScopes(texts);
    return { ...settings, scopes: "value" in read ? read.value : [] };
  };
  const machine = vm("node-0").replace("/sub/resourcegroups/rg/", "/s2/resourcegroups/pool/");
  const gone = [record({ ...demo, pod: a }, "Assigned", { machine })];

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    { when: "no scope names them", given: { settings: scoped() }, then: [] },
    { when: "another subscription is named", given: { settings: scoped("/subscriptions/s3") }, then: [] },
    { when: "another group is named", given: { settings: scoped("/subscriptions/s2/resourceGroups/x") }, then: [] },
    {
      when: "the subscription is named",
      given: { settings: scoped("/subscriptions/s2") },
      then: [`on ${machine}`, "create a-default-demo Created", "attach demo"],
    },
    {
      when: "the group is named, in whatever case",
      given: { settings: scoped("/subscriptions/s3", "/SUBSCRIPTIONS/S2/resourcegroups/POOL") },
      then: [`on ${machine}`, "create a-default-demo Created", "attach demo"],
    },
  ])("get identities only when a scope says so: $when", ({ given, then }) => {
    expect(lines({ nodes: [node("node-0", theirs)], pods: [a], ...given })).toEqual(then);
  });

  it.each<{ when: string; given: Partial<Snapshot>; then: readonly string[] }>([
    {
      when: "are cleaned up without a node when their group is named",
      given: { settings: scoped("/subscriptions/s2/resourceGroups/pool") },
      then: [`on ${machine}`, "detach demo", "forget a-default-demo"],
    },
    {
      when: "are left alone without a node when only their subscription is named, and the record stays",
      given: { settings: scoped("/subscriptions/s2") },
      then: ["on ", "rewrite a-default-demo Unassigned"],
    },
    {
      when: "are cleaned up while they have a node when their subscription is named",
      given: { settings: scoped("/subscriptions/s2"), nodes: [node("node-0", theirs)] },
      then: [`on ${machine}`, "detach demo", "forget a-default-demo"],
    },
  ])("$when", ({ given, then }) => {
    expect(lines({ assignments: gone, ...given })).toEqual(then);
  });

  it("says which setting would let MIC change them", () => {
    const { notes } = desiredAssignments(snapshot({ ...world, nodes: [node("node-0", theirs)], pods: [a] }));
    expect(notes.map(({ code, detail }) => `${code}: ${detail}`)).toEqual([
      `machine-foreign: ${machine} is not in subscription sub: add its own to MIC's --machine-scopes`,
    ]);
  });
});

describe("readScopes", () => {
  it("takes subscriptions and groups in any case, with or without the slashes at the ends", () => {
    expect(
      readScopes(["/subscriptions/A", "subscriptions/B/", "/Subscriptions/c/ResourceGroups/My.Group_(1)"]),
    ).toEqual({
      value: [
        { subscription: "A", resourceGroup: "" },
        { subscription: "B", resourceGroup: "" },
        { subscription: "c", resourceGroup: "My.Group_(1)" },
      ],
    });
  });

  it("names every text that is no scope", () => {
    const bad = [
      "",
      "s2",
      "/subscriptions/",
      "/subscriptions/a/resourceGroups/",
      "/subscriptions/a/resourceGroups/b/c",
    ];
    expect(readScopes(["/subscriptions/a", ...bad])).toEqual({
      wrong: expect.stringMatching(
        /cannot read "", "s2", "\/subscriptions\/", "\/subscriptions\/a\/resourceGroups\/", "\/subscriptions\/a\/resourceGroups\/b\/c"$/,
      ),
    });
  });
});
