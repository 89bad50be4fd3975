import { describe, expect, it } from "vitest";
import { judge } from "./cluster/support/permissions.ts";
import { readAudit } from "./support/kube/audit-log.ts";
import type { Manifest, Rule } from "./support/kube/rbac.ts";

const MIC = "system:serviceaccount:kube-system:mic";
const rule = (group: string, resource: string, verbs: readonly string[], ...resourceNames: string[]): Rule => {
  return { apiGroups: [group], resources: [resource], verbs, ...(resourceNames.length > 0 && { resourceNames }) };
};

let seconds = 0;
/** Each line happens after the one before. */
const now = () => {
  seconds += 1;
  const at = new Date(seconds * 1000).toISOString();
  return { requestReceivedTimestamp: at, stageTimestamp: at };
};

type Said = { code?: number; decision?: string; message?: string; user?: string; pod?: string | null; path?: string };
/** A line of the audit log: a verb, and what of an object. */
function called(verb: string, where: object, said: Said = {}): string {
  const { code = 200, decision = "allow", message, user = MIC, pod = "mic-a", path = "/api" } = said;
  const extra = pod === null ? {} : { "authentication.kubernetes.io/pod-name": [pod] };
  return JSON.stringify({
    verb,
    requestURI: path,
    user: { username: user, extra },
    ...(Object.keys(where).length > 0 && { objectRef: where }),
    responseStatus: { code, ...(message !== undefined && { message }) },
    annotations: { "authorization.k8s.io/decision": decision },
    ...now(),
  });
}
/** An administrator writes a role or a binding, or deletes one. */
function written(object: Manifest, verb = "create"): string {
  const { kind, metadata } = object;
  const objectRef = { resource: `${kind.toLowerCase()}s`, ...metadata };
  const responseObject = verb === "delete" ? { kind: "Status" } : object;
  return JSON.stringify({
    verb,
    requestURI: "/apis",
    user: { username: "admin" },
    objectRef,
    responseObject,
    ...now(),
  });
}

/** A role of MIC, everywhere or in one namespace. */
function granted(rules: readonly Rule[], namespace?: string): string {
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  const metadata = { name: "mic", ...(namespace !== undefined && { namespace }) };
  const subjects = [{ kind: "ServiceAccount", name: "mic", namespace: "kube-system" }];
  const binding = { kind: `${kind}Binding`, metadata, roleRef: { kind, name: "mic" }, subjects };
  return [written({ kind, metadata, rules }), written(binding)].join("\n");
}

const pods = { resource: "pods", apiVersion: "v1" };
const lock = { resource: "leases", apiGroup: "coordination.k8s.io", namespace: "default" };
const judged = (...lines: readonly string[]) => {
  const { refused, unused } = judge(readAudit(`${lines.join("\n")}\n`));
  return [...refused.map((one) => `refused ${one}`), ...unused.map((one) => `unused ${one}`)];
};

describe("the permissions of those that ran in a cluster", () => {
  it("are right where each was used, and nothing beyond them was asked for", () => {
    const rules = [rule("", "pods", ["list", "watch"])];
    const own = [
      rule("coordination.k8s.io", "leases", ["create"]),
      rule("coordination.k8s.io", "leases", ["get"], "mic"),
    ];
    const calls = [called("list", pods), called("watch", pods), called("create", lock)];
    expect(judged(granted(rules), granted(own, "default"), ...calls, called("get", { ...lock, name: "mic" }))).toEqual(
      [],
    );
  });

  it.each([
    {
      when: "by a role",
      said: { decision: "forbid", code: 403, message: "cannot" },
      then: "kube-system/mic: list pods (cannot)",
    },
    { when: "at admission", said: { code: 403, message: "it ends" }, then: "kube-system/mic: list pods (it ends)" },
    {
      when: "of an account that nobody gave anything",
      said: { code: 403, user: "system:serviceaccount:web:default" },
      then: "web/default: list pods",
    },
  ])("were refused $when", ({ said, then }) => {
    expect(judged(granted([]), called("list", pods, said))).toEqual([`refused ${then}`]);
  });

  it("were refused a path that is no resource", () => {
    const said = { code: 403, decision: "forbid", path: "/metrics" };
    expect(judged(called("get", {}, said), called("get", {}, { path: "/version" }))).toEqual([
      "refused kube-system/mic: get /metrics",
    ]);
  });

  it("are told once with how often, and not of Kubernetes' own accounts", () => {
    const refusal = called("get", { ...lock, name: "other" }, { code: 403 });
    const controller = { code: 403, user: "system:serviceaccount:kube-system:namespace-controller", pod: null };
    expect(judged(refusal, refusal, called("list", pods, controller))).toEqual([
      "refused kube-system/mic: get leases.coordination.k8s.io called other in default, 2 times",
    ]);
  });

  it.each([
    { when: "nobody asked", calls: [], then: "list pods" },
    {
      when: "what was asked was refused",
      calls: [called("list", pods, { decision: "forbid", code: 403 })],
      then: "list pods",
    },
    {
      when: "somebody else asked",
      calls: [called("list", pods, { user: "system:serviceaccount:kube-system:nmi" })],
      then: "list pods",
    },
    { when: "another verb was asked for", calls: [called("watch", pods)], then: "list pods" },
    { when: "a part of it was asked for", calls: [called("list", { ...pods, subresource: "log" })], then: "list pods" },
  ])("have one too many where $when", ({ calls, then }) => {
    expect(judged(granted([rule("", "pods", ["list"])]), ...calls)).toContain(`unused kube-system/mic: ${then}`);
  });

  it("have one too many of two names, and in one of two namespaces", () => {
    const own = [rule("coordination.k8s.io", "leases", ["get"], "mic", "other")];
    const there = [rule("", "pods", ["list"])];
    const call = called("get", { ...lock, name: "mic" });
    expect(judged(granted(own, "default"), granted(there, "else"), call, called("list", pods))).toEqual([
      "unused kube-system/mic: get leases.coordination.k8s.io called other in default",
      "unused kube-system/mic: list pods in else",
    ]);
  });

  it("have one too many that was theirs for some time only, once", () => {
    const before = granted([rule("", "pods", ["list"]), rule("", "nodes", ["list"])]);
    expect(judged(before, before, granted([]), called("list", pods))).toEqual(["unused kube-system/mic: list nodes"]);
  });

  it("to create are used by an apply of what is not there", () => {
    const crd = { resource: "crds", apiGroup: "x", name: "a" };
    const rules = [rule("x", "crds", ["create", "patch"], "a")];
    expect(judged(granted(rules), called("patch", crd))).toEqual(["unused kube-system/mic: create crds.x called a"]);
    expect(judged(granted(rules), called("patch", crd, { code: 201 }))).toEqual([]);
  });

  it("are not missed by a pod that ends while they are taken away, but by one that comes after it", () => {
    const binding = { kind: "ClusterRoleBinding", metadata: { name: "mic" } };
    const rules = [rule("", "pods", ["list"])];
    const lists = called("list", pods);
    const refusal = () => called("list", pods, { code: 403, message: "cannot" });
    expect(judged(granted(rules), lists, written(binding, "delete"), refusal())).toEqual([]);
    expect(judged(granted(rules), lists, refusal(), written(binding, "delete"))).toHaveLength(1);
    expect(judged(granted(rules), lists, written(binding, "delete"), granted(rules), refusal())).toHaveLength(1);
    const other = () => called("watch", pods, { code: 403, message: "cannot" });
    expect(judged(granted(rules), lists, written(binding, "delete"), other())).toHaveLength(1);
    const stranger = () => called("list", pods, { code: 403, user: "system:serviceaccount:web:default" });
    expect(judged(granted(rules), lists, written(binding, "delete"), stranger())).toHaveLength(1);
    expect(judged(granted(rules), lists, granted([]), refusal())).toHaveLength(1);
  });

  it("are not refused where that is expected, of that account", () => {
    const audit = readAudit(`${called("list", pods, { code: 403, message: "it ends" })}\n{"half`);
    const expected = { text: /^.*list pods .*it ends/, why: "" };
    expect(judge(audit, [{ ...expected, account: "kube-system/mic" }]).refused).toEqual([]);
    expect(judge(audit, [{ ...expected, account: "kube-system/nmi" }]).refused).toHaveLength(1);
  });

  it("are not missed while the API server starts, which refuses what it has not read the roles for", () => {
    const audit = readAudit(`${called("list", pods, { code: 403 })}\n`);
    const at = seconds * 1000;
    expect(judge(audit, [], [{ from: at - 10, to: at + 10 }]).refused).toEqual([]);
    expect(judge(audit, [], [{ from: at + 10, to: at + 20 }]).refused).toHaveLength(1);
    expect(judge(audit, [], [{ from: at - 20, to: at - 10 }]).refused).toHaveLength(1);
  });
});
