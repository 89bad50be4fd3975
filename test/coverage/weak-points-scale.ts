import type { WeakPoint } from "./weak-point.ts";

const loop = "src/mic/loop.live.test.ts";

/** M23–M31: what does not hold when there is much of it, or much at once. */
export const scaleAndConcurrency: readonly WeakPoint[] = [
  {
    id: "M23",
    original: "Works through its whole cycle once for every pod that comes or goes anywhere in the cluster.",
    ours: "A burst of changes is one look, and only pods with the label are heard of.",
    tests: [
      { file: "src/mic/trigger.test.ts", name: "makes one of many that come one shortly after the other" },
      { file: "src/mic/mic.live.test.ts", name: "takes one PATCH a machine for a burst of pods" },
    ],
    breakage: {
      file: "src/mic/trigger.ts",
      find: "seen !== this.#count && lastedMs() < longestMs",
      replace: "seen < 0",
    },
  },
  {
    id: "M24",
    original: "Compares every pod with every binding, and every removal with every assignment.",
    ours: "What is offered to a selector is worked out once a look, however many pods there are.",
    tests: [{ file: "src/assignment/plan-cost.test.ts", name: "looks at each binding as often as there are bindings" }],
    breakage: {
      file: "src/assignment/desired.ts",
      find: "offers.bySelector.get(label)",
      replace: "offersOf(bindings, identities).bySelector.get(label)",
    },
  },
  {
    id: "M25",
    original: "Waits for all machines, up to a quarter of an hour each, before it looks at anything else.",
    ours: "Machines are worked on side by side, and none waits for another.",
    tests: [
      {
        file: loop,
        name: "starts nothing on a machine that is busy, and does not wait for it with the others",
      },
    ],
    breakage: { file: "src/mic/loop.ts", find: "MACHINES_AT_ONCE = 64", replace: "MACHINES_AT_ONCE = 1" },
  },
  {
    id: "M26",
    original: "Gives up the whole check of machines when one cannot be read.",
    ours: "One that cannot be read keeps nobody from the others.",
    tests: [{ file: "src/mic/drift-rounds.test.ts", name: "goes on with the others when a machine cannot be read" }],
    breakage: {
      file: "src/mic/drift.ts",
      find: "if (isRead) read += 1;",
      replace: "if (isRead) read += 1; else queue.length = 0;",
    },
  },
  {
    id: "M27",
    original: "Acts on caches that are behind, and waits a fifth of a second in the hope that they are not.",
    ours: "What was written is known at once, and whoever begins to lead reads what has happened before.",
    tests: [
      { file: "src/mic/records.live.test.ts", name: "are created, confirmed and removed, and the store knows at once" },
      {
        file: "test/contract/mic-leader.test.ts",
        name: "takes nothing off a pod that it has not heard of, because its watches died without a sign",
      },
    ],
    breakage: {
      file: "src/mic/records.ts",
      find: "store.accept(await client.create(kind, draft.namespace, object, signal)),",
      replace: "client.create(kind, draft.namespace, object, signal) as never,",
    },
  },
  {
    id: "M28",
    original: "Replaces its Azure clients while calls use them, and writes what calls share without a lock.",
    ours: "A call ends with the access that it began with; the next one takes the new one.",
    tests: [
      {
        file: "src/azure/sdk-compute.live.test.ts",
        name: "signs in anew when the configuration changes, from the next call on",
      },
      {
        file: "src/azure/cloud-source.live.test.ts",
        name: "signs in as the next application after a change, while a call under way ends as the one that it began as",
      },
    ],
    breakage: {
      file: "src/azure/sdk-compute.ts",
      find: "const access = this.#options.access();",
      replace: "const access = ((this as { one?: Access }).one ??= this.#options.access());",
    },
  },
  {
    id: "M29",
    original: "Calls no machine at all while Azure asks for a pause about one.",
    ours: "One machine rests; the subscription does only when Azure means it, or throttles one after the other.",
    tests: [{ file: "src/azure/throttling.test.ts", name: "of one machine rests that machine only" }],
    breakage: { file: "src/azure/arm-gate.ts", find: "MANY_MACHINES = 3", replace: "MANY_MACHINES = 1" },
  },
  {
    id: "M30",
    original: "Renews its lease through a client that a burst of events or records keeps busy, and dies of it.",
    ours: "Lease, events and records have clients and limits of their own.",
    tests: [
      { file: "test/contract/mic-process.test.ts", name: "keeps its lease however many writes wait for their turn" },
    ],
    breakage: {
      file: "src/bin/mic.ts",
      find: "const leaseClient = stack.use(new KubeClient(access, shared));",
      replace: "const leaseClient = client;",
    },
  },
  {
    id: "M31",
    original: "Hangs or crashes on a batch of 0, an interval of 0 or a rate below 1.",
    ours: "Such a value is refused at the start, by its flag's name.",
    tests: [{ file: "src/mic/options.test.ts", name: "instead of hanging or crashing on it" }],
    breakage: {
      file: "src/mic/options.ts",
      find: "fallback: 20,\n    min: 1,",
      replace: "fallback: 20,",
    },
  },
];
