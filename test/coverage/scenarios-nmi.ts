import type { Scenario } from "./scenario.ts";

const tokenRoute = "src/nmi/routes/token-route.test.ts";
const errors = "src/nmi/routes/error-answer.test.ts";
const query = "src/api/token.test.ts";
const paths = "src/nmi/routes/metadata-path.test.ts";
const callers = "src/nmi/callers/callers.test.ts";
const excepted = "src/identity/authorise.test.ts";
const proofs = "src/tokens/principal-proof.test.ts";
const select = "src/identity/select.test.ts";
const refusal = "src/identity/select-refusal.test.ts";
const managed = "test/contract/nmi-managed.test.ts";
const property = {
  file: "src/nmi/choice.property.test.ts",
  name: "every pod gets what the rules give it, whatever came when",
};
const is = { file: paths, name: "$target is $area" };
const isRefused = { file: paths, name: "$target is refused" };
const reads = { file: query, name: "reads %s" };
const case_ = (name: string) => ({ file: select, name });
const refused = (name: string) => ({ file: refusal, name });

const serverScenarios: readonly Scenario[] = [
  {
    id: "S1",
    scenario: "A token request without the Metadata header.",
    tests: [
      { file: errors, name: "says what the original said of a missing header" },
      { file: tokenRoute, name: "no header" },
    ],
  },
  {
    id: "S2",
    scenario: "A request without a remote address.",
    instead:
      "A socket has one; an address of no pod is answered 503 with Retry-After (G6), where the original said 500.",
  },
  { id: "S3", scenario: "A query with client_id, msi_res_id and resource.", tests: [reads] },
  { id: "S4", scenario: "A query with mi_res_id instead.", tests: [reads] },
  { id: "S5", scenario: "A path without a query.", tests: [{ file: query, name: "refuses" }] },
  {
    id: "S6",
    scenario: "A resource that is there, and an empty one.",
    tests: [reads, { file: query, name: "refuses" }],
  },
];

const routeScenarios: readonly Scenario[] = [
  ...["R1", "R2", "R3"].map((id) => ({
    id,
    scenario: "A spelling of the token path goes to the token route.",
    tests: [is],
  })),
  {
    id: "R4",
    scenario: "/metadata/Identity/oauth2/token/, which the original passed on, is a token request here, as to IMDS.",
    tests: [is],
  },
  ...["R5", "R6"].map((id) => ({ id, scenario: "/host/token, with a slash at its end or without.", tests: [is] })),
  ...["R7", "R8", "R9"].map((id) => ({
    id,
    scenario: "A spelling of the instance path goes to the instance route.",
    tests: [is],
  })),
  { id: "R10", scenario: "/metadata/, which the original passed on, is answered 404 here.", tests: [isRefused] },
  ...["R11", "R12", "R13", "R14", "R15"].map((id) => ({
    id,
    scenario: "A token path with backslashes is refused with 400.",
    tests: [isRefused],
  })),
];

const lookupScenarios: readonly Scenario[] = [
  { id: "N1", scenario: "Nothing is known, none is named.", tests: [refused("nothing at all")] },
  {
    id: "N2",
    scenario: "Two recorded by a release without states.",
    tests: [case_("one recorded by a release without states")],
  },
  { id: "N3", scenario: "Two that are only created.", tests: [refused("a record that is only created")] },
  {
    id: "N4",
    scenario: "Two assigned, none is named: the first.",
    tests: [case_("the first name among equal weights")],
  },
  {
    id: "N5",
    scenario: "A client ID that is another identity's resource ID.",
    tests: [refused("a client ID that is another identity's resource ID")],
  },
  {
    id: "N6",
    scenario: "A resource ID that is another identity's client ID.",
    tests: [refused("a resource ID that is another identity's client ID")],
  },
  {
    id: "N7",
    scenario: "By client ID, among created and assigned ones.",
    tests: [case_("the named one among several"), property],
  },
  { id: "N8", scenario: "By resource ID, the same.", tests: [case_("by resource ID, whatever its case"), property] },
  {
    id: "N9",
    scenario: "Namespaced: identities of two namespaces, the pod's own is taken.",
    tests: [case_("an identity of the pod's own namespace when all are confined to theirs")],
  },
];

const principalScenarios: readonly Scenario[] = [
  {
    id: "T1",
    scenario: "A client secret under a key of any name.",
    tests: [{ file: proofs, name: "as the only one" }],
  },
  { id: "T2", scenario: "A certificate that is none.", tests: [{ file: proofs, name: "is refused: $says" }] },
  {
    id: "T3",
    scenario: "An authority that is no URL.",
    tests: [{ file: "src/tokens/token-endpoint.test.ts", name: "refuses $adEndpoint" }],
  },
  {
    id: "T4",
    scenario: "What is worth another try is told from what is not.",
    tests: [{ file: errors, name: "is answered in JSON with a status that SDKs understand" }],
  },
];

const managedScenarios: readonly Scenario[] = [
  {
    id: "M1",
    scenario: "Nothing is bound.",
    tests: [{ file: "src/nmi/lookup.test.ts", name: "nothing is waited for longer than for an unknown caller" }],
  },
  {
    id: "M2",
    scenario: "A client ID that is another's resource ID.",
    tests: [property, refused("a client ID that is another identity's resource ID")],
  },
  {
    id: "M3",
    scenario: "A resource ID sent as a client ID.",
    tests: [property, refused("a resource ID that is another identity's client ID")],
  },
  { id: "M4", scenario: "By client ID.", tests: [case_("the named one, whatever the case")] },
  {
    id: "M5",
    scenario: "By resource ID.",
    tests: [
      { file: managed, name: "takes the binding of the highest weight, and the identity that is named in any case" },
    ],
  },
  { id: "M6", scenario: "Two of one namespace, none is named.", tests: [case_("the highest weight among several")] },
];

const smallScenarios: readonly Scenario[] = [
  {
    id: "P1",
    scenario: "A Secret is read by its reference.",
    tests: [{ file: "src/nmi/secrets.test.ts", name: "is looked at once for all who ask within a second" }],
  },
  {
    id: "P2",
    scenario: "The ReplicaSet among a pod's owners.",
    instead: "Owners mean nothing here: whoever makes pods chooses them.",
  },
  {
    id: "P3",
    scenario: "A pod is found by its address until it is deleted.",
    tests: [{ file: callers, name: "nobody has the address" }],
  },
  {
    id: "P4",
    scenario: "A pod that is seen a little later is found.",
    tests: [{ file: callers, name: "answers the moment the watch shows the pod, and stops listening" }],
  },
  { id: "P5", scenario: "No exceptions.", tests: [{ file: excepted, name: "no exception" }] },
  { id: "P6", scenario: "An exception for another value.", tests: [{ file: excepted, name: "another value" }] },
  {
    id: "P7",
    scenario: "The second of two exceptions fits.",
    tests: [{ file: excepted, name: "the second exception" }],
  },
  {
    id: "P8",
    scenario: "A client ID is shortened.",
    tests: [{ file: "src/base/log.test.ts", name: "shortens client ids as the original did" }],
  },
  {
    id: "P10",
    scenario: "Kubelet's files with kubenet and with another plugin.",
    tests: [
      { file: "src/nmi/start/kubenet.test.ts", name: "recognises %j" },
      { file: "src/nmi/start/kubenet.test.ts", name: "lets pass %j" },
    ],
  },
  {
    id: "P11",
    scenario: "Log formats that are known, and one that is not.",
    tests: [{ file: "src/nmi/start/options.test.ts", name: "a value that makes no sense ends the start" }],
  },
  {
    id: "P12",
    scenario: "The user agent, with and without words of one's own.",
    tests: [{ file: "test/contract/nmi-service-principal-cloud.test.ts", name: "hears NMI's whole user agent" }],
  },
  {
    id: "P14",
    scenario: "NMI's durations and their labels.",
    tests: [
      { file: "src/nmi/events/events.test.ts", name: "tell of each token request in the words that people search for" },
    ],
  },
];

/** What the original's unit tests do about the node agent, section by section. */
export const agentScenarios: readonly Scenario[] = [
  ...serverScenarios,
  ...routeScenarios,
  ...lookupScenarios,
  ...principalScenarios,
  ...managedScenarios,
  ...smallScenarios,
];
