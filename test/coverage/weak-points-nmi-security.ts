import type { WeakPoint } from "./weak-point.ts";

const proxy = "src/nmi/routes/metadata-proxy.test.ts";
const hostToken = "src/nmi/routes/host-token-route.test.ts";
const principals = "src/tokens/service-principal.test.ts";
const network = "test/e2e/nmi-network.test.ts";
const hammering = "test/e2e/nmi-hammering.test.ts";

/** N1–N15: what the original's node agent lets slip. */
export const agentSecurity: readonly WeakPoint[] = [
  {
    id: "N1",
    original: "Takes every pod whose ReplicaSet's name begins with mic for MIC, and gives it any identity of the node.",
    ours: "A name means nothing: an exception of its namespace lets a pod past NMI, or the service account that is named as MIC's own; each use is audited.",
    tests: [
      { file: "src/nmi/start/mic-name.test.ts", name: "gets nothing for its name" },
      { file: "src/nmi/start/mic-account.test.ts", name: "and nobody else is let past" },
      { file: "test/contract/nmi-mic-account.test.ts", name: "reaches IMDS itself, and nobody else" },
    ],
    breakage: {
      file: "src/nmi/routes/token-route.ts",
      find: "if (pass !== undefined) return",
      replace: "if (pass !== undefined || /^mic-*/.test(pod.meta.name)) return",
    },
  },
  {
    id: "N2",
    original:
      "Reads the Secret of any namespace that an AzureIdentity names, and sends it to any URL that it names as authority.",
    ours: "Secrets are the identity's own namespace's, authorities are https and a known cloud's; an administrator can allow others.",
    tests: [
      { file: principals, name: "another namespace's Secret" },
      { file: principals, name: "a foreign authority" },
      { file: "test/contract/nmi-service-principal.test.ts", name: "what an AzureIdentity may not do" },
    ],
    breakage: {
      file: "src/tokens/service-principal.ts",
      find: "if (ref.namespace === meta.namespace || isSecretAnywhere) return ref;",
      replace: "if (true as boolean) return ref;",
    },
  },
  {
    id: "N3",
    original: "Serves profiles beside the probes, at all addresses of the node, whether asked to or not.",
    ours: "Probes and metrics serve their own paths only; profiles are for localhost, and only with --enableProfile.",
    tests: [
      { file: "src/nmi/start/probes.test.ts", name: "probes tell whether pods are served" },
      { file: "src/base/profile.test.ts", name: "on localhost alone" },
    ],
    breakage: {
      file: "src/nmi/start/probes.ts",
      find: '"/livez": () => (',
      replace: '"/debug/pprof/": () => ({ status: 200, body: "profiles" }),\n    "/livez": () => (',
    },
  },
  {
    id: "N4",
    original: "Gives any process of the node, tricked servers included, the token of any pod, even of another node.",
    ours: "Only from 127.0.0.1, without a proxy's trace, for pods of this node; the asking user is audited and can be restricted.",
    tests: [
      { file: hostToken, name: "may be kept to some users" },
      { file: hostToken, name: "a proxy asks" },
      { file: hostToken, name: "the pod is not of this node" },
      { file: "src/nmi/callers/peer-uid.test.ts", name: "is found by both ends, never by ours" },
      { file: "test/contract/nmi-host-token.test.ts", name: "is only for the users that --host-token-uids names" },
    ],
    breakage: {
      file: "src/nmi/routes/host-token-route.ts",
      find: "(uid !== undefined && hostTokenUids.includes(uid))",
      replace: "uid !== undefined",
    },
  },
  {
    id: "N5",
    original: "Knows kubenet by one spelling of one flag alone, and starts where it is written otherwise.",
    ours: "Knows the other spellings and the setting of old kubelets' files too; what no file tells is documented.",
    tests: [
      { file: "src/nmi/start/kubenet.test.ts", name: "recognises" },
      { file: "src/nmi/start/kubenet.test.ts", name: "says it in the original's words, and how to start all the same" },
    ],
    breakage: {
      file: "src/nmi/start/kubenet.ts",
      find: "return OTHERS.some((pattern) => pattern.test(active));",
      replace: "return OTHERS.length === active.length - active.length;",
    },
  },
  {
    id: "N6",
    original:
      "Leaves IMDS open to pods before its rules stand, after it stops, while it flushes, and on connections from before.",
    ours: "A guard stands before all else and stays when NMI stops; rules change in one step; old connections are forgotten.",
    tests: [
      { file: "src/intercept/keeper.test.ts", name: "are laid, the guard first, and that is no repair" },
      { file: "src/intercept/rules.test.ts", name: "chains are put right in one commit, whatever jumps there were" },
      { file: "src/intercept/uninstall.test.ts", name: "stay without evidence that it is uninstalled" },
      { file: "src/nmi/start/uninstall-evidence.live.test.ts", name: "whatever became of the DaemonSet meanwhile" },
      { file: network, name: "leaves no way to connections that are older than its rules" },
      { file: network, name: "guards the metadata service while it waits for an API server that is away" },
      { file: hammering, name: "are refused or served while rules are taken away, and served again" },
    ],
    breakage: {
      file: "src/intercept/keeper.ts",
      find: 'const tables = ["filter", "nat"] as const;',
      replace: 'const tables = ["nat", "filter"] as const;',
    },
  },
  {
    id: "N7",
    original: "Writes its rules for IPv4 only and says nothing to an address of another kind.",
    ours: "IMDS has an IPv4 address only; an address that the rules could not hold ends the start, and what they leave out, as pods on the host's network, is documented.",
    tests: [
      { file: "src/nmi/start/addresses.test.ts", name: "that cannot work are told in a sentence" },
      { file: "src/nmi/callers/callers.test.ts", name: "a pod by its second address" },
    ],
    breakage: {
      file: "src/nmi/start/addresses.ts",
      find: "const isAddress = isOthersWork ? isIP(address) > 0 : isIPv4(address);",
      replace: "const isAddress = isIP(address) > 0;",
    },
  },
  {
    id: "N8",
    original:
      "Passes every header on to IMDS, follows its redirects, obeys proxy variables, and holds bodies and waits without end.",
    ours: "Headers are on a list, IMDS is called directly, redirects are not followed, time and size of an answer are bounded.",
    tests: [
      { file: proxy, name: "is passed on with the headers that IMDS knows, for any pod" },
      { file: "src/tokens/imds.test.ts", name: "does not follow a redirect" },
      { file: "src/tokens/imds.test.ts", name: "takes no answer without end" },
      {
        file: "src/tokens/imds-client.test.ts",
        name: "calls the metadata service itself where the environment names a proxy",
      },
      { file: "src/nmi/server/server.test.ts", name: "reads bodies, but not large ones" },
    ],
    breakage: {
      file: "src/nmi/routes/relay.ts",
      find: "headers: only(requestHeaders, headers),",
      replace: "headers: only(Object.keys(headers), headers),",
    },
  },
  {
    id: "N9",
    original: "Answers a token request that came through a proxy, which IMDS itself refuses.",
    ours: "X-Forwarded-For, even empty, is refused with 400 on every path.",
    tests: [
      { file: "src/nmi/routes/token-route.test.ts", name: "a proxy's trace" },
      { file: proxy, name: "a proxy's trace" },
    ],
    breakage: {
      file: "src/nmi/routes/request-rules.ts",
      find: 'if (headers["x-forwarded-for"] !== undefined) {',
      replace: "if (false as boolean) {",
    },
  },
  {
    id: "N10",
    original: "Blocks instance metadata by one spelling of its path, and passes on whatever else is asked for.",
    ours: "Paths are brought into one spelling first, and only those on a list are passed on.",
    tests: [
      { file: proxy, name: "can be blocked, in every spelling" },
      {
        file: "src/nmi/routes/metadata-path.test.ts",
        name: "lets no spelling of an identity path through as a document",
      },
    ],
    breakage: {
      file: "src/nmi/routes/metadata-path.ts",
      find: "[root.toLowerCase(), document.toLowerCase()]",
      replace: "[root.toLowerCase(), document]",
    },
  },
  {
    id: "N11",
    original: "Puts what went wrong inside, URLs, and other pods' objects into the answers and the log.",
    ours: "A client hears one sentence about its own pod; what went wrong inside and other tenants' names are for the log.",
    tests: [
      { file: "src/nmi/routes/error-answer.test.ts", name: "keeps what went wrong inside to itself" },
      { file: "src/nmi/routes/discretion.test.ts", name: "tells a pod of another namespace no names, and the log all" },
      { file: "src/nmi/callers/shared-address.test.ts", name: "neither hears of the other" },
    ],
    breakage: {
      file: "src/nmi/routes/error-answer.ts",
      find: "if (status === 500) return",
      replace: "if (status === 0) return",
    },
  },
  {
    id: "N12",
    original: "Lets whoever may label a pod take any identity of the node where an exception says so, unseen.",
    ours: "An administrator can say in which namespaces exceptions count, and each use is audited and counted.",
    tests: [
      { file: "src/identity/authorise.test.ts", name: "exceptions count in other namespaces" },
      { file: "src/nmi/events/events.test.ts", name: "tell who made use of an exception, and for what" },
    ],
    breakage: {
      file: "src/identity/exception.ts",
      find: "if (namespaces.length > 0 && !namespaces.includes(pod.meta.namespace)) return false;",
      replace: "void namespaces;",
    },
  },
  {
    id: "N13",
    original: "Gives a token of the node's own identity where an AzureIdentity names no client ID.",
    ours: "IMDS is asked by resource ID then, and never without a name.",
    tests: [
      {
        file: "src/tokens/imds.test.ts",
        name: "is never sent without a name, which would give the machine's own identity",
      },
      { file: "src/tokens/imds.test.ts", name: "names it by resource ID when it has no client ID" },
    ],
    breakage: {
      file: "src/tokens/imds.ts",
      find: "if (problem !== undefined) throw",
      replace: "if (problem === name) throw",
    },
  },
  {
    id: "N14",
    original: "Writes whole client IDs into its warnings, and its demo whole tokens into the log.",
    ours: "Client IDs are shortened wherever they are told, and no program writes a token.",
    tests: [
      { file: "src/identity/refusal.test.ts", name: "and shortens the client ID" },
      { file: "src/demo/round.test.ts", name: "prints the walkthrough's lines" },
      { file: "src/nmi/routes/token-route.test.ts", name: "never puts a token into the log" },
    ],
    breakage: {
      file: "src/identity/refusal.ts",
      find: "redactClientId(named.clientId)}, `",
      replace: "named.clientId}, `",
    },
  },
  {
    id: "N15",
    original: "Never says in one place which pod got a token of which identity for which resource.",
    ours: "One audit line a decision holds pod, identity, resource and caller, granted or refused.",
    tests: [
      { file: "src/nmi/events/events.test.ts", name: "tell of each token request in the words that people search for" },
      { file: "src/nmi/events/events.test.ts", name: "tell why a request was refused" },
    ],
    breakage: {
      file: "src/nmi/events/words.ts",
      find: 'decision: "granted",',
      replace: "",
    },
  },
];
