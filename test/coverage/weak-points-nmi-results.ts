import type { WeakPoint } from "./weak-point.ts";

const select = "src/identity/select.test.ts";
const errors = "src/nmi/routes/error-answer.test.ts";
const tokenRoute = "src/nmi/routes/token-route.test.ts";
const imds = "src/tokens/imds.test.ts";
const rules = "src/intercept/rules.test.ts";

/** N16–N29: wrong results of the node agent. */
export const agentResults: readonly WeakPoint[] = [
  {
    id: "N16",
    original: "Crashes the request where the namespace filter leaves no identity and none was named.",
    ours: "The pod is told with 404 that its identities may be used only by pods of their own namespace.",
    tests: [{ file: "src/identity/select-refusal.test.ts", name: "an identity of another namespace where" }],
    breakage: {
      file: "src/identity/select.ts",
      find: "if (reachable.length === 0) {",
      replace: "if (reachable.length > wanted.length) {",
    },
  },
  {
    id: "N17",
    original: "Waits for an ID in any case, and then refuses it for its case.",
    ours: "Client IDs and resource IDs compare without case everywhere.",
    tests: [
      { file: select, name: "by client ID, whatever its case" },
      { file: select, name: "by resource ID, whatever its case" },
      { file: "src/nmi/choice.property.test.ts", name: "every pod gets what the rules give it, whatever came when" },
    ],
    breakage: {
      file: "src/api/resource-id.ts",
      find: "return a.toLowerCase() === b.toLowerCase();",
      replace: "return a === b;",
    },
  },
  {
    id: "N18",
    original: "Picks one of several identities, and one of several keys of a Secret, at random.",
    ours: "The binding of the highest weight wins, then the first by name; of several keys only clientSecret counts.",
    tests: [
      { file: select, name: "the order of objects never matters" },
      { file: select, name: "the highest weight among several" },
      {
        file: "test/contract/nmi-service-principal.test.ts",
        name: "a client secret under another key is taken only if it is the only one",
      },
    ],
    breakage: { file: "src/identity/select.ts", find: ".sort(byWeightThenName)", replace: "" },
  },
  {
    id: "N19",
    original: "Gives an excepted pod that names its identity by resource ID the node's own identity.",
    ours: "The request of an excepted pod goes on to IMDS as it is.",
    tests: [
      {
        file: "src/nmi/routes/metadata-proxy.test.ts",
        name: "has its token request passed on untouched, whatever it asks for",
      },
    ],
    breakage: {
      file: "src/nmi/routes/token-route.ts",
      find: "return await relay(request, path, ports);",
      replace:
        'return await relay(request, { ...path, target: path.target.replace(/&(object_id|ms?i_res_id)=[^&]*/g, "") }, ports);',
    },
  },
  {
    id: "N20",
    original: "Overlooks object_id, and gives a token of whichever identity the pod has.",
    ours: "It is refused with 400, which says how to name the identity.",
    tests: [
      { file: tokenRoute, name: "an object ID" },
      { file: "src/api/token.test.ts", name: "refuses" },
    ],
    breakage: {
      file: "src/api/token-query.ts",
      find: 'if (value("object_id") !== undefined) {',
      replace: "if (false as boolean) {",
    },
  },
  {
    id: "N21",
    original:
      "Answers 503 to mistakes that stay and 403 to trouble that passes, so clients ask again for ever, or not at all.",
    ours: "Each fault has its status in one table; Retry-After stands on what passes alone, and IMDS's own is passed on.",
    tests: [
      { file: errors, name: "passes on that IMDS asked for" },
      { file: errors, name: "is answered in JSON with a status that SDKs understand" },
      { file: tokenRoute, name: "carries IMDS's own words when IMDS refuses" },
      {
        file: "test/contract/nmi-service-principal.test.ts",
        name: "a wrong one is refused with Entra ID's words, and a corrected one serves",
      },
    ],
    breakage: {
      file: "src/nmi/routes/answers.ts",
      find: "IMDS_THROTTLED: tooMany,",
      replace: "IMDS_THROTTLED: denied,",
    },
  },
  {
    id: "N22",
    original: "Answers errors in plain text where IMDS answers JSON, so SDKs tell of parse errors.",
    ours: "Every refusal is JSON as IMDS sends it, those of broken requests included.",
    tests: [
      { file: errors, name: "is answered in JSON with a status that SDKs understand" },
      {
        file: "test/contract/sdk-azure-identity.test.ts",
        name: "or is told why not, at once when waiting would not help",
      },
    ],
    breakage: {
      file: "src/nmi/routes/error-answer.ts",
      find: '"application/json; charset=utf-8"',
      replace: '"text/plain; charset=utf-8"',
    },
  },
  {
    id: "N23",
    original: "Leaves client_id out of its answers, and answers a list for auxiliary tenants, which no SDK reads.",
    ours: "client_id stands last in each answer; the list stays what it was, and is documented.",
    tests: [
      { file: "src/api/token.test.ts", name: "answers the original's keys in its order, as strings" },
      {
        file: "src/api/token.test.ts",
        name: "answers a list where there are auxiliary tokens, the identity's own first",
      },
      { file: "test/contract/nmi-service-principal.test.ts", name: "of auxiliary tenants stand in a list" },
    ],
    breakage: { file: "src/api/token-answer.ts", find: "client_id: token.clientId,", replace: "" },
  },
  {
    id: "N24",
    original: "Fails with 500 where two pods share an address, and knows neither the second address of a pod nor IPv6.",
    ours: "503 and Retry-After until the address is one pod's again; each of a pod's addresses counts.",
    tests: [
      { file: "src/nmi/callers/shared-address.test.ts", name: "two pods on one address are both asked to come again" },
      { file: "src/nmi/callers/callers.test.ts", name: "a pod by its second address" },
      { file: "src/nmi/callers/callers.test.ts", name: "two pods have it" },
      { file: "test/e2e/nmi-ip-reuse.test.ts", name: "never gets that one's token while $when, and then gets its own" },
    ],
    breakage: {
      file: "src/nmi/routes/answers.ts",
      find: "CALLER_UNKNOWN: soon,",
      replace: 'CALLER_UNKNOWN: { status: 500, error: "server_error" },',
    },
  },
  {
    id: "N25",
    original:
      "Takes rules in the wrong order, doubled ones and a jump in any place for right, and ends on any error of iptables.",
    ours: "Order, number and place count; a repair is one commit, and errors are tried again for ever.",
    tests: [
      { file: rules, name: "RETURN comes first" },
      { file: rules, name: "a rule stands twice" },
      { file: rules, name: "another rule comes first, which may or may not matter" },
      { file: "src/intercept/keeper.test.ts", name: "are laid in the end although" },
      { file: "test/e2e/nmi-interference.test.ts", name: "tries again until the lock is free" },
    ],
    breakage: {
      file: "src/intercept/drift.ts",
      find: "rules.every((rule, at) => rule === found[at])",
      replace: "rules.every((rule) => found.includes(rule))",
    },
  },
  {
    id: "N26",
    original: "Relies on route_localnet, which somebody else has to set.",
    ours: "Sets it where it is missing, keeps packets from outside away from the node's loopback, and says what to do where it cannot.",
    tests: [
      { file: "src/intercept/kernel-state.test.ts", name: "is set where it is missing" },
      { file: "src/intercept/kernel-state.test.ts", name: "says what to set where it cannot be" },
      { file: "test/e2e/nmi-network.test.ts", name: "lets no pod at what listens on the node's loopback" },
      { file: "test/e2e/nmi-network.test.ts", name: "says what to set where it cannot let redirected requests in" },
    ],
    breakage: {
      file: "src/intercept/route-localnet.ts",
      find: 'await writeFile(this.#file, "1\\n");',
      replace: "",
    },
  },
  {
    id: "N27",
    original: "Asks for tokens at an address of its library's, under a user agent of its own, whatever its flags say.",
    ours: "--metadata-ip, --metadata-port and --custom-user-agent hold for token calls too.",
    tests: [
      { file: imds, name: "names the identity by client ID and carries what IMDS wants" },
      { file: "test/contract/nmi-service-principal-cloud.test.ts", name: "hears NMI's whole user agent" },
      { file: "test/contract/nmi-program.test.ts", name: "answers a waiting pod the moment its identity is Assigned" },
    ],
    breakage: {
      file: "src/tokens/imds.ts",
      find: '"User-Agent": userAgent',
      replace: '"User-Agent": "go-autorest"',
    },
  },
  {
    id: "N28",
    original: "Says that it is active for ever once it was, though its rules may be gone.",
    ours: "Readiness falls with the rules and names the reason; /healthz keeps its words.",
    tests: [
      {
        file: "src/intercept/keeper.test.ts",
        name: "count as lost as soon as they cannot be put right, until they are",
      },
      { file: "src/nmi/start/probes.test.ts", name: "readiness says what is missing" },
    ],
    breakage: {
      file: "src/intercept/keeper.ts",
      find: "this.#trouble = trouble;",
      replace: "this.#trouble = this.#trouble === undefined ? undefined : trouble;",
    },
  },
  {
    id: "N29",
    original:
      "Sees a wrong operation mode only once its caches are filled, and crashes on an interval that is no interval.",
    ours: "Everything that is wrong with the flags is told together, before anything starts.",
    tests: [
      { file: "src/nmi/start/problems.test.ts", name: "everything that keeps NMI from starting is told at once" },
      { file: "src/nmi/start/options.test.ts", name: "--ipt-update-interval-sec" },
      {
        file: "test/contract/nmi-managed.test.ts",
        name: "nmi ends before anything starts when managed mode lacks namespaced mode",
      },
    ],
    breakage: {
      file: "src/nmi/start/problems.ts",
      find: "...modeProblems(config, env),",
      replace: "",
    },
  },
];
