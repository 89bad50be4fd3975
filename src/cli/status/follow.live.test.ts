import { expect, it } from "vitest";
import { freshKubeApi, PODS, shortPod } from "../../../test/support/kube/fresh-kube-api.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { Screen } from "../screen.ts";
import { followStatus } from "./follow.ts";

const api = freshKubeApi();

/** Follows the API server on a terminal, or elsewhere; what is drawn, and how it ends. */
function follow(isTerminal: boolean) {
  const drawn: string[] = [];
  const screen = new Screen({ write: (text) => drawn.push(text), isTerminal, hasColour: false });
  const stop = new AbortController();
  const given: string[] = [];
  const sandbox = { access: { server: api.url() }, tokensGiven: () => given.length };
  const done = followStatus(sandbox, { screen, signal: stop.signal });
  return { drawn, done, stop, give: () => given.push("token"), shows: () => drawn.at(-1)?.replace("\r\u001b[K", "") };
}

const leaseOf = (renewTime: Date, holderIdentity = "mic-a") => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "aad-pod-identity-mic", namespace: "default" },
  spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: renewTime.toISOString().replace("Z", "000Z") },
});
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

it("shows what there is, who leads and what happened last, and nothing after its end", async () => {
  const status = follow(true);
  await eventually(status.shows).toBe("0 nodes · no pods · no MIC leads · 0 tokens");
  await api.post("/api/v1/nodes", { metadata: { name: "vm-0" } });
  await api.post(PODS, shortPod("web"));
  status.give();
  await eventually(status.shows).toBe("1 node · 1 pod: 1 Pending · no MIC leads · 1 token");

  await api.post(LEASES, leaseOf(new Date(Date.now() - 60_000)));
  await api.merge(`${PODS}/web/status`, { status: { phase: "Running" } });
  await eventually(status.shows).toBe("1 node · 1 pod: 1 Running · no MIC leads · 1 token");
  await api.merge(`${LEASES}/aad-pod-identity-mic`, { spec: leaseOf(new Date()).spec });
  await eventually(status.shows).toBe("1 node · 1 pod: 1 Running · MIC leads: mic-a · 1 token");

  const involvedObject = { kind: "Pod", namespace: "default", name: "web" };
  const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000).toISOString().replace(".000Z", "Z");
  const told = { involvedObject, reason: "Bound", type: "Warning" };
  const post = (name: string, message: string, seconds: number) =>
    api.post("/api/v1/namespaces/default/events", { metadata: { name }, ...told, message, lastTimestamp: at(seconds) });
  await post("late", "it\u001b[2J is late", 10);
  await post("early", "it is early", 5);
  await eventually(status.shows).toMatch(/1 token · Warning Bound, Pod default\/web: it\\u001b\[2J is late$/);

  status.stop.abort();
  await status.done;
  expect(status.drawn.at(-1)).toBe("\r\u001b[K");
});

it("shows nothing where nobody looks on", async () => {
  const status = follow(false);
  await status.done;
  expect(status.drawn).toEqual([]);
});
