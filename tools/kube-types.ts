import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

// Writes the table of Kubernetes' types that the embedded API server reads, from the Go modules k8s.io/api, k8s.io/apimachinery and
// k8s.io/apiextensions-apiserver in Go's module cache (`go mod download k8s.io/api@v0.34.4` and so on). Run it by hand for a new release.

const RELEASE = "v0.34.4";
const CACHE = join(process.env.GOMODCACHE ?? join(homedir(), "go", "pkg", "mod"), "k8s.io");
const TARGET = join(import.meta.dirname, "../src/sandbox/kube-api/types/kube-types.generated.ts");

/** The Go packages, by the name that the table gives them: that of the API group up to its first dot. */
const packages: Readonly<Record<string, readonly string[]>> = {
  meta: [`apimachinery@${RELEASE}/pkg/apis/meta/v1/types.go`],
  core: [`api@${RELEASE}/core/v1/types.go`],
  ...Object.fromEntries(
    [
      ...["admissionregistration", "apps", "authentication", "authorization", "autoscaling", "batch"],
      ...["coordination", "discovery", "policy", "rbac", "scheduling"],
    ].map((name) => [name, [`api@${RELEASE}/${name}/v1/types.go`]]),
  ),
  apiextensions: ["types.go", "types_jsonschema.go"].map(
    (file) => `apiextensions-apiserver@${RELEASE}/pkg/apis/apiextensions/v1/${file}`,
  ),
};

/** What the table is about: these types and all that they are made of. */
const roots = [
  ...[
    "Pod",
    "Node",
    "Namespace",
    "Secret",
    "ConfigMap",
    "Service",
    "Endpoints",
    "Event",
    "ServiceAccount",
    "Binding",
    "LimitRange",
    "ResourceQuota",
  ].map((name) => `core.${name}`),
  ...["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "ControllerRevision"].map((name) => `apps.${name}`),
  ...["Job", "CronJob"].map((name) => `batch.${name}`),
  ...["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"].map((name) => `rbac.${name}`),
  ...["TokenRequest", "TokenReview", "SelfSubjectReview"].map((name) => `authentication.${name}`),
  ...["SubjectAccessReview", "SelfSubjectAccessReview", "LocalSubjectAccessReview", "SelfSubjectRulesReview"].map(
    (name) => `authorization.${name}`,
  ),
  ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"].map((name) => `admissionregistration.${name}`),
  ...["policy.PodDisruptionBudget", "policy.Eviction", "coordination.Lease", "discovery.EndpointSlice"],
  ...["scheduling.PriorityClass", "autoscaling.Scale", "meta.DeleteOptions", "apiextensions.CustomResourceDefinition"],
];

const simple: Readonly<Record<string, string>> = {
  string: "string",
  bool: "bool",
  int32: "int",
  int64: "int",
  float64: "float",
  byte: "byte",
  "types.UID": "string",
  "types.NodeName": "string",
  "intstr.IntOrString": "int-or-string",
  "resource.Quantity": "quantity",
  "runtime.RawExtension": "any",
  "meta.FieldsV1": "any",
  "meta.Time": "time",
  "meta.MicroTime": "micro-time",
  "meta.Duration": "duration",
  ...Object.fromEntries(
    ["JSON", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray"].map((name) => [
      `apiextensions.${name}`,
      "any",
    ]),
  ),
};

type Source = { readonly structs: ReadonlyMap<string, string>; readonly aliases: ReadonlyMap<string, string> };
const sources = new Map(Object.entries(packages).map(([name, files]) => [name, readSource(files)]));

function readSource(files: readonly string[]): Source {
  const text = files.map((file) => readFileSync(join(CACHE, file), "utf8")).join("\n");
  const structs = [...text.matchAll(/^type (\w+) struct ?\{(?:\}|\n([\s\S]*?)^\})/gm)];
  const aliases = [...text.matchAll(/^type (\w+) ((?:\[\]|map\[\w+\])?[\w.]+)$/gm)];
  return {
    structs: new Map(structs.map(([, name = "", body = ""]) => [name, body])),
    aliases: new Map(aliases.map(([, name = "", of = ""]) => [name, of])),
  };
}

/** A Go type as the table writes it: `*` for a pointer, `[]` for a list, `{}` for a map, then a name. */
function typeName(go: string, home: string): string {
  if (go.startsWith("*")) return `*${typeName(go.slice(1), home)}`;
  if (go === "[]byte") return "bytes";
  if (go.startsWith("[]")) return `[]${typeName(go.slice(2), home)}`;
  const map = /^map\[[\w.]+\](.*)$/.exec(go);
  if (map) return `{}${typeName(map[1] ?? "", home)}`;
  if (simple[go] !== undefined) return simple[go];
  const full = (go.includes(".") ? go : `${home}.${go}`)
    .replace(/^metav1\./, "meta.")
    .replace(/^(api|core)?v1\./, "core.");
  if (simple[full] !== undefined) return simple[full];
  const [at = "", name = ""] = full.split(".");
  const alias = sources.get(at)?.aliases.get(name);
  if (alias?.startsWith("[]")) return `wrapped${typeName(alias, at)}`; // protobuf has no list of lists
  if (alias !== undefined) return typeName(alias, at);
  if (!sources.get(at)?.structs.has(name)) throw new Error(`there is no type ${full}`);
  return full;
}

const FIELD = /^\s+(?:(\w+)\s+)?(\S+)\s+`json:"([^",]*)([^"]*)"(.*?)`/;

/** `name number type`, and `merge` or `merge=key` for what a strategic merge patch does not replace; an inline struct is called `+`. */
function fieldOf(line: string, home: string): readonly string[] {
  const [, , go = "", name = "", options = "", tags = ""] = FIELD.exec(line) ?? [];
  if (go === "" || /^(metav1\.)?TypeMeta$/.test(go) || name === "-") return [];
  const number = /protobuf:"\w+,(\d+)/.exec(tags)?.[1] ?? "0"; // what goes by JSON alone has no number
  const strategy = /patchStrategy:"([^"]*)"/.exec(tags)?.[1] ?? "";
  const key = /patchMergeKey:"([^"]*)"/.exec(tags)?.[1];
  const patch = strategy === "" ? "" : ` ${strategy.replace("merge", key === undefined ? "merge" : `merge=${key}`)}`;
  const called = options.includes("inline") ? "+" : name;
  return [
    `${called} ${number} ${typeName(go, home)}${options.includes("omitempty") || called === "+" ? "" : "!"}${patch}`,
  ];
}

function linesFor(names: readonly string[]): readonly string[] {
  const lines = new Map<string, string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (lines.has(name)) continue;
    const [home = "", type = ""] = name.split(".");
    const body = sources.get(home)?.structs.get(type) ?? "";
    const fields = body.split("\n").flatMap((line) => fieldOf(line, home));
    lines.set(name, `${name}: ${fields.join(", ")}`);
    waiting.push(...[...fields.join(" ").matchAll(/[a-z]+\.[A-Z]\w*/g)].map(([found]) => found));
  }
  return inPairs([...lines.values()].sort());
}

/** Two types a line: no file is as long as the list. */
function inPairs(lines: readonly string[]): readonly string[] {
  return lines.flatMap((_line, i) => (i % 2 === 0 ? [lines.slice(i, i + 2).join("; ")] : []));
}

const head = `// Generated by "node tools/kube-types.ts" from Kubernetes ${RELEASE}; do not edit. kube-types.ts says how to read it.`;
writeFileSync(TARGET, `${head}\nexport const table = \`\n${linesFor(roots).join("\n")}\n\`;\n`);
