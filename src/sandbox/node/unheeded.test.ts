import type { Container, PodSpec } from "kubernetes-types/core/v1.d.ts";
import { expect, it } from "vitest";
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
    says: "spec.initContainers{first}.resources.limits: nothing holds the container to them",
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

it("tells nothing of what is carried out", () => {
  expect(of({ activeDeadlineSeconds: 5, terminationGracePeriodSeconds: 1 })).toEqual([]);
});

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
