import { describe, it, vi } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { workloads } from "./kubectl-objects.ts";
import { hostTwoServers } from "./kubectl-under-test.ts";

vi.setConfig({ testTimeout: 120_000 }); // many programs, one after the other

const template = (image: string, ...more: readonly object[]) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "web", image, ports: [{ containerPort: 80 }] }, ...more] },
});
const deployment = (spec: object, labels: object = {}) => ({
  ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", labels } },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
});
const patch = (type: string, body: object, ...more: readonly string[]) => ({
  run: ["patch", "deployment", "web", `--type=${type}`, `--patch=${JSON.stringify(body)}`, ...more],
});
const inPod = (spec: object) => ({ spec: { template: { spec } } });
const show = "get deployment web --output=yaml";

onKubernetes("kubectl", (shared) => {
  const on = hostTwoServers(shared);

  describe.concurrent("changes", () => {
    it("what it applied before, and leaves alone what others changed", () =>
      on().same(
        { run: "apply --filename=-", input: [deployment({ template: template("web:1") }, { tier: "front" })] },
        { run: "apply --filename=-", input: [deployment({ template: template("web:1") }, { tier: "front" })] },
        "scale deployment web --replicas=3",
        "set image deployment/web web=web:3",
        {
          run: "apply --filename=-",
          input: [deployment({ template: template("web:2", { name: "side", image: "side:1" }) })],
        },
        show,
        { run: "apply --filename=- --dry-run=server", input: [deployment({ template: template("web:4") })] },
        { run: "diff --filename=-", input: [deployment({ template: template("web:2") })], code: 1, only: isChange },
        "delete deployment web",
      ));

    it("parts of an object by each kind of patch", () =>
      on().same(
        { run: "create --filename=-", input: workloads.slice(2, 3) },
        patch("strategic", inPod({ containers: [{ name: "side", image: "side:1" }] })),
        patch("strategic", inPod({ containers: [{ name: "web", $patch: "delete" }] })),
        patch("strategic", { spec: { strategy: { $retainKeys: ["type"], type: "RollingUpdate" } } }),
        patch("merge", { metadata: { annotations: { note: "a" } }, spec: { paused: true } }),
        patch("json", [{ op: "replace", path: "/spec/replicas", value: 2 }]),
        patch("merge", { spec: { replicas: 2 } }),
        patch("merge", { status: { readyReplicas: 1, replicas: 2 } }, "--subresource=status"),
        show,
        { ...patch("json", [{ op: "remove", path: "/spec/none" }]), code: 1 },
        { ...patch("strategic", inPod({ containers: [{ image: "no-name" }] })), code: 1 },
      ));

    it("labels, annotations, images, environment and numbers", () =>
      on().same(
        { run: "create --filename=-", input: workloads.slice(0, 3) },
        "label pod one tier=front app=other --overwrite",
        { run: "label pod one app=third", code: 1 },
        "label pods --all checked=yes",
        "label pod one tier-",
        "annotate pod one note=said",
        "annotate pod one note-",
        "set env deployment/web COLOUR=red",
        "set resources deployment web --limits=cpu=200m,memory=512Mi",
        "scale deployment web --replicas=2 --current-replicas=1",
        "rollout restart deployment web",
        "rollout pause deployment web",
        "get pods,deployment --show-labels",
        { run: "replace --filename=-", input: [{ ...workloads[2] }] },
        "get deployment web --output=jsonpath={.metadata.generation}",
        { run: "scale deployment web --replicas=2 --current-replicas=7", code: 1 },
      ));
  });
});

/** A line of a difference that says what changes; the others name temporary files. */
function isChange(line: string): boolean {
  return /^[-+] /.test(line) && !line.includes("generation");
}
