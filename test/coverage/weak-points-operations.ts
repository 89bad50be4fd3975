import type { WeakPoint } from "./weak-point.ts";

const events = "src/mic/events.test.ts";
const leader = "src/mic/leader-events.test.ts";

/** M32–M42: security and operations. */
export const securityAndOperations: readonly WeakPoint[] = [
  {
    id: "M32",
    original: "Shows its profiles to whoever reaches the probes' port, whatever its flag says.",
    ours: "With --enableProfile, and only then, profiles are on localhost:6060, without what the heap holds; the probes' port has none.",
    tests: [
      { file: "src/mic/probes.test.ts", name: "tell that MIC is" },
      {
        file: "src/base/profile.test.ts",
        name: "serves a processor profile and the sizes of the heap, on localhost alone",
      },
    ],
    breakage: {
      file: "src/mic/probes.ts",
      find: '"/livez": () =>',
      replace: '"/debug/pprof/": () => ({ status: 200, body: "" }), "/livez": () =>',
    },
  },
  {
    id: "M33",
    original: "Lets any pod with a label use any identity by default, without a word about it.",
    ours: "The default is the same, for clusters that rely on it; every start says so, and how to end it.",
    tests: [
      { file: "src/mic/options.test.ts", name: "say at the start that any pod may use any identity" },
      { file: "src/assignment/desired.test.ts", name: "keeps an identity in its namespace, and its records too" },
    ],
    breakage: {
      file: "src/mic/settings.ts",
      find: "any pod may use any bound identity by its label, whatever its namespace; --forceNamespaced",
      replace: "cluster mode; --forceNamespaced",
    },
  },
  {
    id: "M34",
    original: "May write Endpoints and ConfigMaps of the whole cluster, and has every verb on its own kinds.",
    ours: "It may do what it does, locks and ConfigMap by their names; a run on a real API server proves each permission.",
    tests: [
      { file: "test/mic-rbac.test.ts", name: "MIC may write no object of others" },
      {
        file: "test/e2e/mic-permissions.test.ts",
        name: "are all used, and no call beyond them is made, from an upgrade of the original to a hand-over",
      },
    ],
    breakage: {
      file: "deploy/infra/mic-rbac.yaml",
      find: "resources: [events] #",
      replace: "resources: [events, endpoints, configmaps] #",
    },
  },
  {
    id: "M35",
    original: "Excepts any pod that shares one common label with an exception, wherever pods may be labelled so.",
    ours: "One label still is enough, but an administrator can say in which namespaces exceptions count.",
    tests: [{ file: "src/identity/authorise.test.ts", name: "exceptions count in other namespaces" }],
    breakage: {
      file: "src/identity/exception.ts",
      find: "if (namespaces.length > 0 && !namespaces.includes(pod.meta.namespace)) return false;",
      replace: "",
    },
  },
  {
    id: "M36",
    original: "Takes objects in which fields are missing or mean nothing, and fails on them later.",
    ours: "What is wrong with an AzureIdentity is told at once: in the log, on itself and on its pods.",
    tests: [
      { file: "src/assignment/desired.test.ts", name: "lets a wrong identity stop nobody else" },
      { file: "src/mic/mic-trouble.live.test.ts", name: "tells of a wrong identity once in the log" },
    ],
    breakage: { file: "src/api/identity.ts", find: "checkIdentityResourceId(identity.resourceId);", replace: "" },
  },
  {
    id: "M37",
    original: "Gives every pod without a label the identity of a binding with an empty selector.",
    ours: "A pod without the label gets nothing, whatever selectors there are.",
    tests: [
      { file: "src/assignment/desired.test.ts", name: "a selector is empty, as is the label" },
      { file: "src/identity/select-refusal.test.ts", name: "no label, though an empty selector" },
    ],
    breakage: { file: "src/assignment/desired.ts", find: 'if (label === "") continue;', replace: "" },
  },
  {
    id: "M38",
    original: "Keeps its lock when it stops, so the next leader waits until that expires.",
    ours: "The lock is released when the work has ended, and who waits takes it at once.",
    tests: [
      {
        file: "src/kube/leadership.test.ts",
        name: "is taken from the outer to the inner, and given up in the other order",
      },
      { file: "src/kube/leader.test.ts", name: "tells who waits that the lease is free" },
    ],
    breakage: {
      file: "src/kube/leader.ts",
      find: "await this.#letGo(await holding);",
      replace: "await holding;",
    },
  },
  {
    id: "M39",
    original: "Counts as alive as long as its port answers, though its loop may hang.",
    ours: "The liveness probe fails when a look or work on a machine hangs, and the readiness probe says what is missing.",
    tests: [
      { file: "src/mic/loop.live.test.ts", name: "is stuck when work on a machine takes half an hour, and not before" },
      { file: "src/mic/probes.test.ts", name: "tell that MIC is" },
    ],
    breakage: {
      file: "src/mic/loop.ts",
      find: "now - since > STUCK_WORK_MS",
      replace: "now < since",
    },
  },
  {
    id: "M40",
    original: "Runs with all capabilities of its container, to read one file.",
    ours: "It needs none: uid 0 is for reading azure.json alone.",
    tests: [{ file: "test/contract/mic-process.test.ts", name: "needs no capability of the system" }],
    breakage: {
      file: "src/bin/mic.ts",
      find: "let onReload = () => {};",
      replace: "let onReload = () => {}; process.setgroups?.([]);",
    },
  },
  {
    id: "M41",
    original: "Does not tell its version without a variable that only pods have.",
    ours: "--version needs nothing else.",
    tests: [{ file: "test/contract/mic-program.test.ts", name: "only the version is wanted" }],
    breakage: { file: "src/bin/program.ts", find: "return help || version ?", replace: "return help ?" },
  },
  {
    id: "M42",
    original: "Does not notice that a user deletes a record, which hangs on its finalizer.",
    ours: "A record that is deleted goes once its identity is off the machine, or its successor is there.",
    tests: [
      { file: "src/mic/records.live.test.ts", name: "that a user deleted go with their finalizer" },
      { file: "src/mic/mic.live.test.ts", name: "honours that a user deletes a record" },
    ],
    breakage: {
      file: "src/mic/records.ts",
      find: "meta.finalizers.filter((one) => one !== ASSIGNMENT_FINALIZER)",
      replace: "meta.finalizers.filter(() => ASSIGNMENT_FINALIZER)",
    },
  },
];

/** M43–M48: metrics, events and logs. */
export const telemetry: readonly WeakPoint[] = [
  {
    id: "M43",
    original: "Writes events about kinds that do not exist, so nobody finds them at their object.",
    ours: "An event names kind, version and UID of its object as the API server does.",
    tests: [
      { file: "src/kube/events.test.ts", name: "an event names the kind of its object as the API server does" },
      { file: "test/contract/kube-events.ts", name: "are found at their object, equal ones as one with a count" },
    ],
    breakage: {
      file: "src/kube/events.ts",
      find: "kind: kind.kind,",
      replace: 'kind: "v1." + kind.kind,',
    },
  },
  {
    id: "M44",
    original: "Gives events reasons of several words and names in the wrong order, and none for an ordinary removal.",
    ours: "Each course has one reason of one word, removal too, and names binding and pod the same way.",
    tests: [{ file: events, name: "tells what becomes of a pod's identity, its removal too" }],
    breakage: {
      file: "src/mic/record-events.ts",
      find: 'succeeded(bond, "BindingRemoved", message);',
      replace: "log.info(message);",
    },
  },
  {
    id: "M45",
    original: "Counts starts of the process as elections.",
    ours: "An election counts when it is won.",
    tests: [{ file: leader, name: "counts each time that it became the leader, and not that it was started" }],
    breakage: {
      file: "src/mic/leader-events.ts",
      find: "const notes = new NoteTeller({ log, announcer });",
      replace:
        'const notes = new NoteTeller({ log, announcer }); metrics.count("aadpodidentity_mic_new_leader_election_count");',
    },
  },
  {
    id: "M46",
    original: "Shows series only after their first use, leaves idle cycles out, and has no gauge for records.",
    ours: "All series are there from the start, idle looks count in the time to plan, and records are shown by state.",
    tests: [
      {
        file: "src/mic/probes.test.ts",
        name: "carry the original's names, and are there before anything happened",
      },
      { file: leader, name: "shows who leads, what records say, what waits" },
    ],
    breakage: { file: "src/base/metrics.ts", find: "this.#begin(name, family.from ?? {});", replace: "" },
  },
  {
    id: "M47",
    original: "Warns that a metric could not be reported whenever an update fails, though it was.",
    ours: "A failed write is counted once, and counting says nothing.",
    tests: [{ file: events, name: "counts a write of a record once, as done or as failed" }],
    breakage: {
      file: "src/mic/record-events.ts",
      find: "if (fault !== undefined) {",
      replace: 'if (fault !== undefined) { log.warn("failed to report metrics");',
    },
  },
  {
    id: "M48",
    original: "Leaves the severity out of logs in JSON, and ends each message with a line break.",
    ours: "Each object says its severity, and the message is what was said.",
    tests: [{ file: "src/base/log.test.ts", name: "writes an object a line that says its severity" }],
    breakage: { file: "src/base/log.ts", find: "{ ts: at, severity, caller", replace: "{ ts: at, caller" },
  },
];
