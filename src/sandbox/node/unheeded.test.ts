import { readFileSync } from "node:fs";
import type { Container, PodSpec } from "kubernetes-types/core/v1.d.ts";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { checkUser, unheeded } from "./unheeded.ts";

const main: Container = { name: "main", image: "demo" };
const of = (spec: Partial<PodSpec>) => unheeded({ spec: { containers: [main], ...spec } });

it.each([
  {
    what: "a hook",
    spec: { containers: [{ ...main, lifecycle: { preStop: { exec: { command: ["true"] } } } }] },
    type: "Warning",
    says: "spec.containers{main}.lifecycle.preStop: it is not called",
  },
  {
    what: "limits",
    spec: { initContainers: [{ ...main, name: "first", resources: { limits: { cpu: "1" } } }] },
    type: "Normal",
    says: "spec.initContainers{first}.resources.limits: it runs as without",
  },
  {
    what: "names of hosts",
    spec: { hostAliases: [{ ip: "10.0.0.1", hostnames: ["x"] }] },
    type: "Warning",
    says: "spec.hostAliases: names are looked up as on this machine",
  },
])("tells of $what that the sandbox does not carry out", ({ spec, type, says }) => {
  expect(of(spec)).toEqual([{ type, reason: "NotInSandbox", message: `the sandbox does not carry out ${says}` }]);
});

const other = (process.getuid?.() ?? 0) + 1;

it.each<{ spec: Partial<PodSpec>; field: string }>([
  { spec: { hostPID: true }, field: "hostPID" },
  { spec: { hostIPC: true }, field: "hostIPC" },
  { spec: { priorityClassName: "high" }, field: "priorityClassName" },
  { spec: { affinity: { podAffinity: {} } }, field: "affinity.podAffinity" },
  { spec: { affinity: { podAntiAffinity: {} } }, field: "affinity.podAntiAffinity" },
  {
    spec: { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }] },
    field: "topologySpreadConstraints",
  },
  { spec: { securityContext: { runAsUser: other } }, field: "securityContext.runAsUser" },
  { spec: { securityContext: { runAsGroup: other } }, field: "securityContext.runAsGroup" },
  { spec: { securityContext: { fsGroup: 0 } }, field: "securityContext.fsGroup" },
])("tells that a pod asks in vain for $field", ({ spec, field }) => {
  expect(of(spec).map(({ type, message }) => `${type} ${message}`)).toEqual([inVain(`spec.${field}`)]);
});

const inVain = (fields: string) => `Normal the sandbox does not carry out ${fields}: it runs as without`;

it.each<{ more: Partial<Container>; field: string }>([
  { more: { terminationMessagePath: "/tmp/last" }, field: "terminationMessagePath" },
  { more: { securityContext: { runAsUser: other } }, field: "securityContext.runAsUser" },
  { more: { securityContext: { runAsGroup: other } }, field: "securityContext.runAsGroup" },
  { more: { securityContext: { privileged: true } }, field: "securityContext.privileged" },
  { more: { securityContext: { readOnlyRootFilesystem: true } }, field: "securityContext.readOnlyRootFilesystem" },
  { more: { securityContext: { capabilities: { drop: ["ALL"] } } }, field: "securityContext.capabilities" },
])("tells that a container asks in vain for $field", ({ more, field }) => {
  const told = of({ containers: [{ ...main, ...more }] });
  expect(told.map(({ type, message }) => `${type} ${message}`)).toEqual([inVain(`spec.containers{main}.${field}`)]);
});

it("tells nothing of what is carried out, or asked for by default", () => {
  const own = { runAsUser: process.getuid?.() ?? 0, runAsGroup: process.getgid?.() ?? 0, privileged: false };
  const spec = { activeDeadlineSeconds: 5, terminationGracePeriodSeconds: 1, hostPID: false, affinity: {} };
  const container = { ...main, terminationMessagePath: "/dev/termination-log", securityContext: own };
  expect(of({ ...spec, priorityClassName: "system-node-critical", containers: [container] })).toEqual([]);
});

it.each(["infra/deployment-rbac.yaml", "demo/deployment.yaml"])(
  "tells of each of our own pods in one quiet event at the most, in deploy/%s",
  (file) => {
    const objects = parseAllDocuments(readFileSync(`deploy/${file}`, "utf8")).map((each) => each.toJS());
    const pods = objects.flatMap(({ spec }) => (spec?.template === undefined ? [] : [spec.template]));
    expect(pods).not.toEqual([]);
    for (const pod of pods)
      expect(["", "Normal"]).toContain(
        unheeded(pod)
          .map(({ type }) => type)
          .join(),
      );
  },
);

const metadata = { name: "p", namespace: "ns", uid: "u" };

it.each([
  { pod: { runAsNonRoot: true }, container: { runAsUser: 0 }, refused: true },
  { pod: { runAsNonRoot: true, runAsUser: 0 }, container: {}, refused: true },
  { pod: { runAsNonRoot: true, runAsUser: 0 }, container: { runAsUser: 1000 }, refused: false },
  { pod: { runAsNonRoot: true }, container: { runAsNonRoot: false, runAsUser: 0 }, refused: false },
  { pod: {}, container: { runAsUser: 0 }, refused: false },
])("lets no container run as root that may not: $pod $container", ({ pod, container, refused }) => {
  const check = () =>
    checkUser({ ...main, securityContext: container }, { metadata, spec: { containers: [], securityContext: pod } });
  const says = `container's runAsUser breaks non-root policy (pod: "p_ns(u)", container: main)`;
  if (refused) expect(check).toThrow(says);
  else expect(check).not.toThrow();
});
