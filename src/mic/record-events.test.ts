import { describe, expect, it } from "vitest";
import { assignment, binding, identity, pod } from "../../test/support/make.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import type { Announcer } from "./announcer.ts";
import { micEvents } from "./events.ts";
import { micMetrics } from "./metrics.ts";

const machine = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm-0";

function start() {
  let ms = 0;
  const told: string[] = [];
  const announcer: Announcer = {
    record: ({ type, reason, about, message }) =>
      told.push(`${type} ${reason} on ${about.kind.kind} ${about.meta.name}: ${message}`),
  };
  const log = createLog({ write: () => {} });
  const clock = { now: () => ms, monotonic: () => ms };
  const findPod = ({ name }: { readonly name: string }) => pod(name);
  const events = micEvents({ log, metrics: new Metrics(micMetrics), announcer, findPod, clock });
  const pass = (more: number) => {
    ms += more;
  };
  const news = () => told.splice(0);
  return { events, pass, news };
}

/** What is to be done about the record of a pod that is to get an identity, or only to be rewritten. */
function workOf(name: string, awaits: string | undefined = "an identity") {
  const record = assignment({ pod: pod(name), identity: identity("demo"), binding: binding("demo") }, "Created");
  return { draft: undefined, record, awaits, clears: [] };
}

describe("a wait for room in Azure's limits", () => {
  it("is told to the pod and on the binding, with its reason and how long it lasts", () => {
    const { events, news } = start();
    events.awaitRoom({ machine, work: [workOf("web")] }, 31_000);
    const waits =
      "Binding default/demo-binding on node node-0 for pod default/web waits: there is no room in Azure's limits for " +
      "another change of vm-0 yet (4 a minute of a machine at most); the next one is sent in about 40 s";
    expect(news()).toEqual([
      `Normal WaitingForAzure on AzureIdentityBinding demo-binding: ${waits}`,
      `Normal WaitingForAzure on Pod web: ${waits}`,
    ]);
  });

  it("is told to each pod once, and anew when it has to wait again", () => {
    const { events, pass, news } = start();
    events.awaitRoom({ machine, work: [workOf("a")] }, 40_000);
    expect(news()).toHaveLength(2);
    pass(10_000);
    events.awaitRoom({ machine, work: [workOf("a"), workOf("b")] }, 30_000);
    expect(news().map((line) => /for pod default\/(\w+)/.exec(line)?.[1])).toEqual(["b", "b"]);
    pass(30_000);
    events.awaitRoom({ machine, work: [workOf("a")] }, 20_000);
    expect(news()).toHaveLength(2);
  });

  it("is not worth a word where it is short, or the pod does not wait for it", () => {
    const { events, news } = start();
    events.awaitRoom({ machine, work: [workOf("a")] }, 4_999);
    events.awaitRoom({ machine, work: [{ ...workOf("a"), awaits: undefined }] }, 40_000);
    expect(news()).toEqual([]);
    events.awaitRoom({ machine, work: [workOf("a")] }, 5_000);
    expect(news()).toHaveLength(2);
  });
});

it("a change by somebody else that is waited for is told to pod and binding", () => {
  const { events, news } = start();
  events.awaitOwner({ machine, work: [workOf("web")] }, 120_000);
  const waits =
    "Binding default/demo-binding on node node-0 for pod default/web waits: somebody else is changing vm-0 in Azure, as " +
    "an autoscaler does; MIC changes it once that is done, or in about 120 s";
  expect(news()).toEqual([
    `Normal WaitingForAzure on AzureIdentityBinding demo-binding: ${waits}`,
    `Normal WaitingForAzure on Pod web: ${waits}`,
  ]);
});
