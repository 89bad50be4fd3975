import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { apiVersion, BINDING_LABEL, type Kind, kinds } from "../../../src/api/kinds.ts";
import { neededOn } from "../../../src/assignment/needed.ts";
import { realClock } from "../../../src/base/clock.ts";
import { createLog } from "../../../src/base/log.ts";
import { Metrics } from "../../../src/base/metrics.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import type { Announcer } from "../../../src/mic/announcer.ts";
import { DriftRepair } from "../../../src/mic/drift.ts";
import { micEvents } from "../../../src/mic/events.ts";
import { executePlan } from "../../../src/mic/execute.ts";
import { SyncLoop } from "../../../src/mic/loop.ts";
import { micMetrics } from "../../../src/mic/metrics.ts";
import { createRecords } from "../../../src/mic/records.ts";
import { gather, micStores, onRelevantChange } from "../../../src/mic/stores.ts";
import { startKubeApi } from "../../../src/sandbox/kube-api/server.ts";
import { FakeMachines } from "../azure/fake-machines.ts";
import { settings } from "../kube/small-cluster.ts";
import { identityId, vmProviderId } from "../make.ts";
import { eventually } from "../time/eventually.ts";

const crds = join(import.meta.dirname, "../../../charts/aad-pod-identity/crds/crd.yaml");
const never = new AbortController().signal;

/** Installs the custom resource definitions that are shipped. */
export async function crdsInto(client: KubeClient): Promise<void> {
  for (const crd of parseAllDocuments(await readFile(crds, "utf8"))) {
    await client.create(kinds.crd, "", crd.toJS() as object, never);
  }
}

/** MIC's parts together, on an API server in memory and machines that are not there. */
async function cluster() {
  const stack = new AsyncDisposableStack();
  const api = stack.use(await startKubeApi());
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), verbosity: 5 });
  const access = { server: api.url, credentials: async () => ({}) };
  const client = stack.use(new KubeClient(access, { userAgent: "test", log }));
  await crdsInto(client);
  const machines = new FakeMachines();
  const told: Parameters<Announcer["record"]>[0][] = [];
  const metrics = new Metrics(micMetrics);

  const create = (kind: Kind, name: string, spec: object, { namespace = "default", ...meta }: Meta = {}) => {
    const names = { apiVersion: apiVersion(kind), kind: kind.kind };
    const home = kind.isNamespaced ? namespace : "";
    const metadata = { name, ...(kind.isNamespaced ? { namespace } : {}), ...meta };
    return client.create(kind, home, { ...names, metadata, spec }, never);
  };
  /** What users make in a namespace. */
  const within = (namespace: string) => ({
    identity: (name: string, spec: object = {}) =>
      create(
        kinds.identity,
        name,
        { type: 0, resourceID: identityId(name), clientID: `client-${name}`, ...spec },
        { namespace },
      ),
    binding: (name: string, selector = name) =>
      create(kinds.binding, `${name}-binding`, { azureIdentity: name, selector }, { namespace }),
    pod: (name: string, nodeName: string, selector = "demo") =>
      create(
        kinds.pod,
        name,
        { nodeName, containers: [{ name: "main", image: "demo" }] },
        { namespace, labels: { [BINDING_LABEL]: selector } },
      ),
  });
  const world = {
    api,
    client,
    machines,
    lines,
    told,
    metrics,
    ...within("default"),
    within,
    node: (name: string, providerID = vmProviderId(name)) => create(kinds.node, name, { providerID }),
    remove: (kind: Kind, name: string) =>
      client.remove(kind, { namespace: kind.isNamespaced ? "default" : "", name }, { graceSeconds: 0 }, never),
    /** Changes the spec of an object in `default`. */
    edit: (kind: Kind, name: string, spec: object) =>
      client.patch(kind, { namespace: "default", name }, { type: "merge", body: { spec } }, never),
    /** A record in `default`, as the API server has it. */
    record: (name: string) => client.get(kinds.assignment, { namespace: "default", name }, never),
    /** `name state` of every record. */
    async states(): Promise<string[]> {
      const raw = (await client.list(kinds.assignment, {}, never)) as {
        metadata: { name: string };
        status: { status: string };
      }[];
      return raw.map(({ metadata, status }) => `${metadata.name} ${status.status}`).sort();
    },
    /** A leader at work, until it is stopped; without drift repair unless it is given an interval. */
    async lead(over: { readonly driftMs?: number; readonly isNamespaced?: boolean } = {}) {
      const stores = micStores({ client, log });
      const announcer: Announcer = { record: (note) => told.push(note) };
      const events = micEvents({ log, metrics, announcer, findPod: (ref) => stores.pods.get(ref) });
      const records = createRecords({
        client,
        store: stores.assignments,
        clock: realClock,
        onWrite: events.recordWritten,
      });
      const own = { ...settings, isNamespaced: over.isNamespaced ?? false };
      const snapshot = () => gather(stores, own, drift.found);
      const drift: DriftRepair = new DriftRepair({
        read: (machine) => machines.read(machine),
        clientId: (resourceId) => machines.clientId(resourceId),
        snapshot,
        clock: realClock,
        intervalMs: over.driftMs ?? 0,
        isBusy: (machine) => loop.isBusy(machine),
        mayRead: () => true,
        events,
        onFound: () => loop.changed(),
      });
      const ports = {
        records,
        machines,
        neededOn: (machine: string) => neededOn(machine, snapshot()),
        events,
        repairs: drift,
        writesAtOnce: 4,
      };
      const loop: SyncLoop = new SyncLoop({
        snapshot,
        execute: (plan, signal) => executePlan(plan, ports, signal),
        machines,
        events,
        clock: realClock,
        resyncMs: 3_600_000,
        firstPauseMs: 50,
      });
      onRelevantChange(stores, () => loop.changed());
      stores.nodes.onChange((change) => drift.nodeChanged(change));
      const stop = new AbortController();
      const following = Object.values(stores).map((store) => store.run(stop.signal));
      await Promise.all(Object.values(stores).map((store) => store.ready()));
      const running = Promise.all([loop.run(stop.signal), drift.run(stop.signal)]);
      const end = async () => {
        stop.abort(new Error("the test is over"));
        await Promise.all([running, ...following]);
      };
      stack.defer(end);
      return { loop, end };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return world;
}

type Meta = { readonly namespace?: string; readonly labels?: object };
type Cluster = Awaited<ReturnType<typeof cluster>>;

/** A cluster with nodes vm-0 and vm-1, and one identity bound to the label `demo`. */
export async function demoCluster(): Promise<Cluster> {
  const world = await cluster();
  await Promise.all([world.node("vm-0"), world.node("vm-1"), world.identity("demo"), world.binding("demo")]);
  return world;
}

/** Such a cluster with a leader, and pod `web` on vm-0 that has its identity. */
export async function servedCluster(): Promise<Cluster> {
  const world = await demoCluster();
  await world.lead();
  await world.pod("web", "vm-0");
  await eventually(world.states).toEqual(["web-default-demo Assigned"]);
  return world;
}
