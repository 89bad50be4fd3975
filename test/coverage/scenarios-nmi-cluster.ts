import type { Scenario } from "./scenario.ts";

const tokenRoute = "src/nmi/routes/token-route.test.ts";
const errors = "src/nmi/routes/error-answer.test.ts";
const proxy = "src/nmi/routes/metadata-proxy.test.ts";
const hostToken = "src/nmi/routes/host-token-route.test.ts";
const callers = "src/nmi/callers/callers.test.ts";
const lookup = "src/nmi/lookup.test.ts";
const select = "src/identity/select.test.ts";
const refusal = "src/identity/select-refusal.test.ts";
const rules = "src/intercept/rules.test.ts";
const imds = "src/tokens/imds.test.ts";
const principals = "src/tokens/service-principal.test.ts";
const program = "test/contract/nmi-program.test.ts";
const principalProgram = "test/contract/nmi-service-principal.test.ts";
const managed = "test/contract/nmi-managed.test.ts";
const network = "test/e2e/nmi-network.test.ts";
const whole = {
  file: "test/e2e/walkthrough.test.ts",
  name: "holds from the first step to the last, and shows the lines of the guide",
};
const onTheWay = {
  file: tokenRoute,
  name: "gets 503 with Retry-After for an identity that is on its way, where the flag says so",
};
const untouched = { file: proxy, name: "has its token request passed on untouched, whatever it asks for" };

/** The original's suite for a whole cluster, as far as tokens and the node agent are concerned. */
export const agentClusterScenarios: readonly Scenario[] = [
  {
    id: "4.1",
    scenario: "After the installation each node has the chain and the jump to it, after the removal neither.",
    tests: [
      { file: network, name: "lays the original's three rules, where Kubernetes has its own, and what they need" },
      { file: "test/e2e/nmi-uninstall.test.ts", name: "removes them all where its DaemonSet was deleted" },
      { file: network, name: "leaves no rule behind when told to clean up, and says what it removed" },
    ],
  },
  {
    id: "E1 (tokens)",
    scenario: "The pod gets tokens by client ID and by resource ID.",
    tests: [whole, { file: network, name: "gives each pod its own token, and none to a pod without identity" }],
  },
  {
    id: "E3 (tokens)",
    scenario: "No token once the AzureIdentity is deleted.",
    tests: [{ file: program, name: "gives nothing any more once the identity is deleted" }],
  },
  {
    id: "E4 (tokens)",
    scenario: "No token once the AzureIdentityBinding is deleted.",
    tests: [
      { file: managed, name: "gives nothing any more once the binding is deleted" },
      { file: tokenRoute, name: "is refused from the cache as well once the binding is gone" },
    ],
  },
  {
    id: "E6 (tokens)",
    scenario: "Of two identities the one that is named, and no other.",
    tests: [
      { file: managed, name: "takes the binding of the highest weight, and the identity that is named in any case" },
    ],
  },
  {
    id: "E19 (tokens)",
    scenario: "A token of a service principal with a client secret.",
    tests: [{ file: principalProgram, name: "come from Entra ID with a client secret, once as long as they live" }],
  },
  {
    id: "E20 (tokens)",
    scenario: "A pod with an exception gets what IMDS gives, by client ID and without a name.",
    tests: [untouched],
  },
  {
    id: "E21 (tokens)",
    scenario: "An init container gets a token before the pod is ready.",
    tests: [
      { file: callers, name: "a pending pod that has its address" },
      { file: "test/contract/sdk-azure-identity.test.ts", name: "when the identity is assigned only while it asks" },
    ],
  },
  {
    id: "E25",
    scenario: "/healthz of each NMI says Active.",
    tests: [
      { file: program, name: "tells its probes and metrics where it says they are" },
      { file: network, name: "lays the original's three rules, where Kubernetes has its own, and what they need" },
    ],
  },
  {
    id: "E26",
    scenario: "A path that does not exist is answered 404, here by NMI itself.",
    tests: [{ file: proxy, name: "a path that is not on the list" }],
  },
  {
    id: "E27",
    scenario: "The same without the header is told of the header.",
    tests: [{ file: proxy, name: "no header" }],
  },
  {
    id: "E28",
    scenario: "Instance metadata is refused with 403 where it is blocked.",
    tests: [{ file: proxy, name: "can be blocked, in every spelling" }],
  },
  {
    id: "E29",
    scenario: "With Retry-After and short patience the client comes again and gets its token.",
    tests: [
      onTheWay,
      { file: "test/contract/sdk-azure-identity.test.ts", name: "when the identity is assigned only while it asks" },
    ],
  },
];

/** What the original's tests leave out of the node agent. */
export const agentForgottenScenarios: readonly Scenario[] = [
  {
    id: "G1",
    scenario: "A whole token request: body, types, keys and headers.",
    tests: [
      { file: tokenRoute, name: "gets the token of the pod's identity, all values strings, in the original's order" },
      { file: program, name: "answers a waiting pod the moment its identity is Assigned, and another pod never" },
    ],
  },
  {
    id: "G2",
    scenario: "/host/token: headers, callers, the shape of the answer.",
    tests: [
      { file: hostToken, name: "gets a token in the name of a pod, in the original's keys and order" },
      { file: hostToken, name: "half a pod is named" },
      { file: hostToken, name: "a pod asks" },
      { file: principalProgram, name: "of auxiliary tenants stand in a list behind the identity's own" },
    ],
  },
  {
    id: "G3",
    scenario: "No resource, and wrong values of the Metadata header.",
    tests: [
      { file: tokenRoute, name: "no resource" },
      { file: tokenRoute, name: "a header in another case" },
    ],
  },
  {
    id: "G4",
    scenario: "Where Retry-After stands, and where not.",
    tests: [
      onTheWay,
      { file: errors, name: "answers 503 and 20 s instead of 404 when the flag says so" },
      { file: hostToken, name: "never hears Retry-After for an identity that is not assigned yet" },
    ],
  },
  {
    id: "G5",
    scenario: "A status for each cause.",
    tests: [
      { file: errors, name: "has a row for every fault of a request" },
      { file: tokenRoute, name: "carries IMDS's own words when IMDS refuses" },
      { file: principalProgram, name: "a wrong one is refused with Entra ID's words, and a corrected one serves" },
      { file: principalProgram, name: "one that NMI may not read is told with what to grant" },
    ],
  },
  {
    id: "G6",
    scenario: "Which pod asks: none, several, finished ones, pending ones, those on the host's network.",
    tests: [
      { file: callers, name: "refuses after 1.2 s when $when" },
      { file: callers, name: "finds $when" },
      { file: callers, name: "does not let a connection pass from one pod to another" },
    ],
  },
  {
    id: "G7",
    scenario: "The namespace filter leaves nothing.",
    tests: [{ file: refusal, name: "an identity of another namespace where all are confined" }],
  },
  {
    id: "G8",
    scenario: "IDs that differ in case alone.",
    tests: [
      { file: select, name: "by client ID, whatever its case" },
      { file: tokenRoute, name: "by resource ID" },
    ],
  },
  {
    id: "G9",
    scenario: "How long is waited, and that the wait ends with the client.",
    tests: [
      { file: lookup, name: "ends after the original's time: $when" },
      { file: lookup, name: "ends with the client" },
    ],
  },
  {
    id: "G11",
    scenario: "Pods whose names look like MIC's.",
    tests: [{ file: "src/nmi/start/mic-name.test.ts", name: "gets nothing for its name" }],
  },
  {
    id: "G12",
    scenario: "Excepted pods: client ID, none, resource ID; case; other namespaces' exceptions.",
    tests: [
      untouched,
      { file: "src/identity/authorise.test.ts", name: "a value in another case" },
      { file: "src/identity/authorise.test.ts", name: "an exception of another namespace" },
    ],
  },
  {
    id: "G13",
    scenario: "What is passed on to IMDS and back.",
    tests: [
      { file: proxy, name: "is passed on with the headers that IMDS knows, for any pod" },
      { file: proxy, name: "comes with IMDS's own status and body" },
      { file: proxy, name: "is answered 503 while IMDS does not answer" },
      { file: imds, name: "does not follow a redirect" },
      { file: imds, name: "takes no answer without end" },
    ],
  },
  {
    id: "G14",
    scenario: "iptables: rules of others, missing and misplaced ones, clean-up, failures; old connections.",
    tests: [
      { file: rules, name: "RETURN comes first" },
      { file: rules, name: "another rule comes first, which may or may not matter" },
      { file: "src/intercept/keeper.test.ts", name: "are laid in the end although $trouble" },
      {
        file: "src/intercept/variant.test.ts",
        name: "removes the rules of both variants and no others, the guards last",
      },
      { file: network, name: "leaves no way to connections that are older than its rules" },
    ],
  },
  {
    id: "G15",
    scenario: "The end: signal, clean-up, exit code.",
    tests: [
      { file: program, name: "logs no token and ends well when told to" },
      {
        file: "test/e2e/nmi-uninstall.test.ts",
        name: "leaves its rules where its DaemonSet is there, as on a roll-out",
      },
      { file: "src/intercept/uninstall.test.ts", name: "that cannot be removed fail its end" },
    ],
  },
  {
    id: "G16 (NMI)",
    scenario: "The start: kubenet, missing files, wrong modes and formats.",
    tests: [
      { file: "src/nmi/start/problems.test.ts", name: "everything that keeps NMI from starting is told at once" },
      {
        file: "src/nmi/start/kubenet.test.ts",
        name: "ends the start when the file cannot be read, and says what to do",
      },
      { file: managed, name: "nmi ends before anything starts when managed mode lacks namespaced mode" },
    ],
  },
  {
    id: "G17",
    scenario: "Managed mode: another namespace's binding, no label, an empty selector.",
    tests: [
      { file: select, name: "knows neither bindings nor identities of other namespaces" },
      { file: refusal, name: "no label, though an empty selector would match it" },
      { file: managed, name: "refuses what is not bound in the pod's namespace, in the original's words" },
    ],
  },
  {
    id: "G18",
    scenario: "What Entra ID is sent for a service principal.",
    tests: [
      { file: principals, name: "is the original's form at the tenant's endpoint of the first generation" },
      { file: principals, name: "is sent for each tenant, the identity's own first" },
      { file: "src/tokens/token-endpoint.test.ts", name: "refuses $adEndpoint" },
    ],
  },
  {
    id: "G19",
    scenario: "What IMDS is sent, and when again.",
    tests: [
      { file: imds, name: "names the identity by client ID and carries what IMDS wants" },
      { file: imds, name: "ends when the caller's patience would, with what IMDS said last" },
      { file: imds, name: "waits as long as IMDS says" },
    ],
  },
  {
    id: "G20 (NMI)",
    scenario: "Names, labels and limits of NMI's metrics.",
    tests: [
      { file: "src/nmi/events/events.test.ts", name: "tell of each token request in the words that people search for" },
      { file: "src/nmi/events/events.test.ts", name: "cannot be made to forge a line or to grow without bound" },
    ],
  },
  {
    id: "G21",
    scenario: "Paths: encoded ones, doubled slashes, prefixes without a boundary.",
    tests: [
      { file: "src/nmi/routes/metadata-path.test.ts", name: "$target is $area" },
      {
        file: "src/nmi/routes/metadata-path.test.ts",
        name: "lets no spelling of an identity path through as a document",
      },
    ],
  },
  {
    id: "G22 (NMI)",
    scenario: "Scale features on and off, and records without the node's label.",
    tests: [{ file: "src/nmi/stores.live.test.ts", name: "records of this node by their label, or all of them" }],
  },
  {
    id: "G23",
    scenario: "Security: other namespaces' Secrets, foreign authorities, profiles, X-Forwarded-For.",
    tests: [
      { file: principals, name: "another namespace's Secret" },
      { file: principals, name: "a foreign authority" },
      { file: "src/nmi/start/probes.test.ts", name: "probes tell whether pods are served" },
      { file: tokenRoute, name: "a proxy's trace" },
    ],
  },
  {
    id: "G24",
    scenario: "Managed mode has a suite of its own.",
    tests: [
      { file: managed, name: "serves a pod by its binding alone" },
      { file: managed, name: "never asks for assignments, whose kind is not even there" },
    ],
  },
];
