import type { WeakPoint } from "./weak-point.ts";

const server = "src/nmi/server/server.test.ts";

/** N30–N38: the node agent under load, and its programs beside it. */
export const agentLoad: readonly WeakPoint[] = [
  {
    id: "N30",
    original: "Makes a call to IMDS or Entra ID of every request, and another to the API server.",
    ours: "Tokens are kept until shortly before they end, equal requests share one call, and calls are governed.",
    tests: [
      { file: "src/tokens/cache.test.ts", name: "serves one fetch again, for the same identity and resource only" },
      { file: "src/tokens/cache.test.ts", name: "shares a fetch among those who ask meanwhile" },
      { file: "src/tokens/governor.test.ts", name: "begins no more than so many within any second" },
    ],
    breakage: {
      file: "src/tokens/cache.ts",
      find: "if (this.#options.isOff)",
      replace: "if (this.#options.isOff !== (undefined as never) || true)",
    },
  },
  {
    id: "N31",
    original: "Goes on with calls whose client has left.",
    ours: "A call ends with the last who waits for it, and a client that leaves waits no longer.",
    tests: [
      {
        file: "src/base/single-flight.test.ts",
        name: "cancels the work when the last waiter has gone, and starts anew for the next",
      },
      { file: "src/tokens/imds.test.ts", name: "leaves with the caller" },
      { file: server, name: "tells the answering side when the client goes away" },
    ],
    breakage: {
      file: "src/base/single-flight.ts",
      find: 'flight.stop.abort(new DOMException("nobody waits any more", "AbortError"));',
      replace: "{}",
    },
  },
  {
    id: "N32",
    original: "Looks again every five seconds while it waits for an identity.",
    ours: "The change itself is waited for, and answers at once.",
    tests: [
      {
        file: "src/nmi/until.test.ts",
        name: "what is waited for is seen at the change that brings it, not at the next round",
      },
      { file: "src/nmi/lookup.test.ts", name: "ends the moment the record becomes Assigned, without time going by" },
      { file: "test/contract/nmi-program.test.ts", name: "answers a waiting pod the moment its identity is Assigned" },
    ],
    breakage: {
      file: "src/nmi/until.ts",
      find: "onChange(() => attempt(false))",
      replace: "onChange(() => {})",
    },
  },
  {
    id: "N33",
    original: "Goes through all pods, bindings and identities for each request and each look.",
    ours: "What is about a pod is found by indexes, however many others there are.",
    tests: [
      {
        file: "src/nmi/lookup-cost.test.ts",
        name: "a request looks at what is about its pod, however many others the node has",
      },
    ],
    breakage: {
      file: "src/kube/object-cache.ts",
      find: "return [...(found.objects.get(key)?.values() ?? [])];",
      replace: "return this.list().filter((object) => found.keysOf(object).includes(key));",
    },
  },
  {
    id: "N34",
    original: "Writes into objects of its shared cache while requests read them.",
    ours: "What is shared is never written to.",
    tests: [{ file: "src/nmi/untouched.test.ts", name: "requests change nothing of the objects that they share" }],
    breakage: {
      file: "src/identity/select.ts",
      find: "const bindings = selectingBindings(pod, known);",
      replace:
        'const bindings = selectingBindings(pod, known);\n  for (const one of bindings) Object.assign(one, { kind: "AzureIdentityBinding" });',
    },
  },
  {
    id: "N35",
    original: "Lets clients choose labels of its metrics, as many as they like.",
    ours: "Labels are names of routes, namespaces of known pods and the first fifty resources.",
    tests: [{ file: "src/nmi/events/events.test.ts", name: "cannot be made to forge a line or to grow without bound" }],
    breakage: {
      file: "src/nmi/events/events.ts",
      find: "resources.of(printable(query.resource), status === 200)",
      replace: "printable(query.resource)",
    },
  },
  {
    id: "N36",
    original: "Reads its patterns anew for each request.",
    ours: "Patterns are read with the code, once.",
    tests: [{ file: "src/nmi/pattern-cost.test.ts", name: "no request makes a pattern: all are read with the code" }],
    breakage: {
      file: "src/nmi/routes/metadata-path.ts",
      find: "/^[\\w./~-]*$/.test(text)",
      replace: 'new RegExp("^[\\\\w./~-]*$").test(text)',
    },
  },
  {
    id: "N37",
    original: "Takes its rules away when told to stop, and then cuts off what it is answering.",
    ours: "The rules stay; requests under way are answered, those that would wait on get 503.",
    tests: [
      { file: server, name: "lets answers under way go out when it stops, on connections that then close" },
      { file: server, name: "ends the wait of those that would wait on when it stops" },
      {
        file: "test/e2e/nmi-hammering.test.ts",
        name: "are refused by nobody while one NMI takes over from another",
      },
      {
        file: "test/e2e/nmi-uninstall.test.ts",
        name: "leaves its rules where its DaemonSet is there, as on a roll-out",
      },
    ],
    breakage: {
      file: "src/nmi/server/server.ts",
      find: "send(response, isStopping ? { ...result, isLast: true } : result);",
      replace: 'send(response, isStopping ? { ...result, status: 503, isLast: true, body: "" } : result);',
    },
  },
  {
    id: "N38",
    original:
      "Lets the parallel checks of its validator share a client and a variable, and tells a wrong number of retries.",
    ours: "Each check has what it needs for itself, and the log counts as it is.",
    tests: [
      {
        file: "src/validator/checks.test.ts",
        name: "keeps its checks apart: each asks for its own identity, whatever runs beside it",
      },
      {
        file: "src/validator/checks.test.ts",
        name: "waits for an identity that Azure does not know yet, and says how often it has",
      },
    ],
    breakage: {
      file: "src/validator/checks.ts",
      find: "readSecret(named, config, metadata, signal);",
      replace: "readSecret({ clientId, resourceId }, config, metadata, signal);",
    },
  },
];
