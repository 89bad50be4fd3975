import type { WeakPoint } from "./weak-point.ts";

const objects = "test/chart/objects.test.ts";
const install = "test/chart/install.test.ts";
const templates = "charts/aad-pod-identity/templates";

/** M49–M57: chart and manifests. */
export const chart: readonly WeakPoint[] = [
  {
    id: "M49",
    original: "Takes any text for a yes, so that `false` installs exceptions, and fails on a switch that is none.",
    ours: "A switch may be a boolean or its text, both mean the same, and anything else is refused by name.",
    tests: [
      { file: objects, name: "have no exceptions where installMICException is" },
      { file: "test/chart/mic-deployment.test.ts", name: "does not where useMSI is" },
      { file: "test/chart/refusals.test.ts", name: "is named with what it may be" },
    ],
    breakage: {
      file: `${templates}/_values.tpl`,
      find: '{{- if eq (toString $value) "true" }}true{{ end -}}\n{{- end -}}\n\n{{- define "podid.rbac"',
      replace: '{{- if $value }}true{{ end -}}\n{{- end -}}\n\n{{- define "podid.rbac"',
    },
  },
  {
    id: "M50",
    original: "Lets two releases in a cluster fight for the same objects, or for the nodes.",
    ours: "A second release is refused, and told where the first one is.",
    tests: [{ file: install, name: "is the only one: a second release is refused by the name of the first" }],
    breakage: { file: `${templates}/_refusals.tpl`, find: '{{- include "podid.second" . -}}', replace: "" },
  },
  {
    id: "M51",
    original:
      "Makes policies of pods that tokens of service accounts do not pass, of an API that is gone, and MIC's objects without MIC.",
    ours: "They are made where the API server has them, let tokens pass, and managed mode has nothing of MIC.",
    tests: [
      { file: objects, name: "have policies of pods and of admission where the API server has them" },
      { file: objects, name: "are NMI's alone in managed mode, whatever MIC's values ask for" },
    ],
    breakage: {
      file: `${templates}/psp.yaml`,
      find: "[hostPath, secret, projected, emptyDir]",
      replace: "[hostPath, secret, emptyDir]",
    },
  },
  {
    id: "M52",
    original: "Does not follow the release's namespace with its lock and with the namespace that NMI takes for MIC's.",
    ours: "The lock stays where the original's MIC has it, permissions are where lock and ConfigMap are, and NMI knows MIC's account.",
    tests: [
      {
        file: "test/chart/rbac.test.ts",
        name: "of MIC are those that are proved, wherever its locks and its ConfigMap are",
      },
      {
        file: "test/chart/nmi-daemonset.test.ts",
        name: "starts NMI as delivered with what the original's does, and with what ours needs",
      },
    ],
    breakage: {
      file: `${templates}/mic-rbac.yaml`,
      find: "{{- if eq $lockNamespace .Release.Namespace }}",
      replace: "{{- if true }}",
    },
  },
  {
    id: "M53",
    original: "Breaks on a tag that is no semantic version.",
    ours: "A tag may be any word or a digest.",
    tests: [{ file: "test/chart/nmi-daemonset.test.ts", name: "takes the tag" }],
    breakage: { file: `${templates}/_values.tpl`, find: 'ternary "@" ":"', replace: 'ternary ":" ":"' },
  },
  {
    id: "M54",
    original: "Puts fields of identities unquoted where YAML reads them anew, and asks for no name of a binding.",
    ours: "Texts stay texts, a Secret may be named by a map or a text, and a binding has a name.",
    tests: [
      { file: "test/chart/identities.test.ts", name: "keep texts as they are, whatever YAML would make of them" },
      { file: "test/chart/identities.test.ts", name: "take clientPassword as" },
    ],
    breakage: {
      file: `${templates}/identities.yaml`,
      find: "clientID: {{ $identity.clientID | quote }}",
      replace: "clientID: {{ $identity.clientID }}",
    },
  },
  {
    id: "M55",
    original: "Never brings CRDs up to date, and checks no value.",
    ours: "A hook brings them to the chart's version without touching objects; a schema names what is wrong.",
    tests: [
      {
        file: install,
        name: "is upgraded with its own values, is told what differs, and has the CRDs of this version",
      },
      { file: install, name: "goes back to the original with identities and CRDs as they are" },
      { file: "test/chart/refusals.test.ts", name: "is named with what it may be" },
    ],
    breakage: {
      file: "charts/aad-pod-identity/files/upgrade-crds.mjs",
      find: 'name.endsWith(".json")',
      replace: 'name.endsWith(".none")',
    },
  },
  {
    id: "M56",
    original: "Leaves an object without labels in kube-system, on which two releases collide.",
    ours: "It is labelled as the release's, and there is one release.",
    tests: [{ file: objects, name: "carry the chart's labels, all of them, and selectors are what they were" }],
    breakage: {
      file: `${templates}/exceptions.yaml`,
      find: '  namespace: kube-system\n  labels:\n    {{- include "podid.labels" . | nindent 4 }}\n',
      replace: "  namespace: kube-system\n",
    },
  },
  {
    id: "M57",
    original: "Gives MIC neither priority nor tolerations, though every identity waits for it.",
    ours: "MIC is system-cluster-critical and bears the taints of system nodes.",
    tests: [
      {
        file: "test/chart/mic-deployment.test.ts",
        name: "runs two, apart, before other pods and on nodes of the system too",
      },
    ],
    breakage: {
      file: "charts/aad-pod-identity/values.yaml",
      find: "priorityClassName: system-cluster-critical",
      replace: 'priorityClassName: ""',
    },
  },
];
