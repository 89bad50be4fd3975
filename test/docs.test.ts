import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { faults } from "../src/base/fault.ts";
import { micMetrics } from "../src/mic/metrics.ts";
import { nmiMetrics } from "../src/nmi/metrics.ts";
import { allPages, anchors, blocks, mentions, prose, userPages, wrong } from "./support/chart/doc-pages.ts";

const ROOT = join(import.meta.dirname, "..");

describe("links of pages", () => {
  const links = allPages.flatMap(({ path, text }) =>
    [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : normalize(join(dirname(path), file));
      return /^[a-z]+:/.test(target) ? [] : [{ path, target, to, anchor }];
    }),
  );

  it("lead to files that exist", () => {
    const broken = links.filter(({ to }) => !existsSync(join(ROOT, to)));
    expect(broken.map(({ path, target }) => `${path}: ${target}`)).toEqual([]);
  });

  it("lead to headings that exist", () => {
    const known = new Map(allPages.map(({ path, text }) => [path, anchors(text)]));
    const broken = links.filter(({ to, anchor }) => anchor !== undefined && known.get(to)?.has(anchor) !== true);
    expect(broken.map(({ path, target }) => `${path}: ${target}`)).toEqual([]);
  });

  it("lead to every page of docs from its table of contents", () => {
    const listed = links.filter(({ path }) => path === "docs/README.md").map(({ to }) => to);
    const pages = userPages.map(({ path }) => path).filter((path) => /^docs\/(?!README)/.test(path));
    expect(pages.filter((path) => !listed.includes(path))).toEqual([]);
  });

  it("are not needed for files that commands name: these exist", () => {
    const named = mentions(/(?<![\w/.-])((?:deploy|charts)\/[\w/-]+(?:\.[a-z]+)?)/g);
    expect(wrong(named, (file) => existsSync(join(ROOT, file)))).toEqual([]);
  });
});

describe("what pages name exists", () => {
  const reference = (name: string) => allPages.filter(({ path }) => path === `docs/reference/${name}.md`);
  const programs = ["mic", "nmi", "demo", "simple", "identityvalidator", "podid"].flatMap(reference);
  const words = (pattern: RegExp, pages = programs) => mentions(pattern, pages).map(({ word }) => word);
  /** Flags of programs that are not ours, as pages use them. */
  const others = {
    az: "assignee-object-id assignee-principal-type disable-pod-identity id identities name output query resource-group role scope subscription",
    curl: "fail header output retry retry-all-errors show-error silent",
    helm: "dry-run namespace no-hooks reset-then-reuse-values reuse-values set set-string values",
    iptables: "noflush",
    kubectl:
      "all all-namespaces field-selector for force-conflicts from-file from-literal image ignore-not-found namespace output overwrite patch profile selector server-side tail timeout type",
    kubelet: "network-plugin",
    nsenter: "preserve-credentials",
  };
  const metrics: Readonly<Record<string, { readonly type: string }>> = { ...micMetrics, ...nmiMetrics };

  it("flags", () => {
    const script = readFileSync(join(ROOT, "deploy/role-assignments.sh"), "utf8").matchAll(/--([a-z-]+)/g);
    const own = [...words(/`--([\w-]+)/g), ...Array.from(script, ([, flag = ""]) => flag)];
    const known = new Set([...own, ...Object.values(others).flatMap((flags) => flags.split(" "))]);
    expect(wrong(mentions(/(?<![\w-])--([a-zA-Z][\w-]*)/g), (flag) => known.has(flag))).toEqual([]);
  });

  it("metrics, with the suffixes that histograms have", () => {
    const isFamily = (name: string) => name in metrics;
    const isMetric = (name: string) => {
      const [, family = name] = /^(.*)_(?:bucket|sum|count)$/.exec(name) ?? [];
      if (name.endsWith("_")) return Object.keys(metrics).some((one) => one.startsWith(name)); // aadpodidentity_nmi_*
      return isFamily(name) || (isFamily(family) && metrics[family]?.type === "histogram");
    };
    expect(wrong(mentions(/aadpodidentity_\w*/g), isMetric)).toEqual([]);
  });

  it("codes of faults, and variables", () => {
    const ofPrograms = words(/^\|(?:[^|\n]*\|){0,3} `([A-Z_]+)` \|/gm, [...programs, ...reference("azure-json")]);
    const others = ["AZURE_CLIENT_ID", "HTTP_PROXY", "NO_PROXY", "NET_ADMIN", "NET_RAW", "NODE_NAME"];
    const known = new Set([...Object.keys(faults), ...ofPrograms, ...others]);
    expect(wrong(mentions(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g), (word) => known.has(word))).toEqual([]);
  });
});

describe("values of the chart in pages", () => {
  type Tree = { readonly [name: string]: unknown };
  const values = parse(readFileSync(join(ROOT, "charts/aad-pod-identity/values.yaml"), "utf8")) as Tree;
  const isTree = (value: unknown): value is Tree =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  /** A map that is empty as delivered takes names of the user's own. */
  const isValue = (path: readonly string[], at: unknown = values): boolean => {
    const [name, ...rest] = path;
    if (name === undefined || (isTree(at) && Object.keys(at).length === 0)) return true;
    return isTree(at) && name in at && isValue(rest, at[name]);
  };
  const pathsOf = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
    isTree(value) ? Object.entries(value).flatMap(([name, one]) => pathsOf(one, [...path, name])) : [path];
  const isPath = (word: string) => isValue(word.split("."));

  it("are known where they are named", () => {
    const top = Object.keys(values).join("|");
    expect(wrong(mentions(new RegExp(`\`((?:${top})(?:\\.\\w+)+)(?:[=:][^\`]*)?\``, "g")), isPath)).toEqual([]);
  });

  it("are known where they are set in a command", () => {
    const set = mentions(/--set(?:-string)?[ =]["']?([\w.]+)/g);
    expect(set).not.toEqual([]);
    expect(wrong(set, isPath)).toEqual([]);
  });

  it("are known in files of values, and other YAML is well-formed", () => {
    const wrongBlocks = blocks("yaml").flatMap(({ page, word }) => {
      const documents = parseAllDocuments(word);
      const errors = documents.flatMap((document) => document.errors.map(({ message }) => message));
      // What `podid sandbox --file` takes is held to its own reader beside that.
      const isOther = (one: Tree) => "apiVersion" in one || "nodes" in one;
      const files = documents.map((document) => document.toJS() as Tree).filter((one) => !isOther(one));
      const unknown = files.flatMap((file) => pathsOf(file).filter((path) => !isValue(path)));
      return [...errors, ...unknown.map((path) => path.join("."))].map((what) => `${page}: ${what}`);
    });
    expect(wrongBlocks).toEqual([]);
  });
});

describe("objects of ours in pages", () => {
  type Schema = { readonly properties?: Readonly<Record<string, Schema>>; readonly type?: string };
  type Crd = { readonly spec: { readonly names: { readonly kind: string }; readonly versions: readonly Version[] } };
  type Version = { readonly schema: { readonly openAPIV3Schema: Schema } };
  const crds = parseAllDocuments(readFileSync(join(ROOT, "charts/aad-pod-identity/crds/crd.yaml"), "utf8"))
    .map((document) => document.toJS() as Crd | null)
    .filter((crd) => crd !== null);
  const schemas = new Map(crds.map(({ spec }) => [spec.names.kind, spec.versions[0]?.schema.openAPIV3Schema ?? {}]));
  /** Fields that a CRD does not declare at all, or only in the spelling from before 1.6. */
  const unknown = (value: unknown, { properties }: Schema): readonly string[] =>
    typeof value !== "object" || value === null || Array.isArray(value) || properties === undefined
      ? []
      : Object.entries(value).flatMap(([name, one]) =>
          /^[a-z]/.test(name) && properties[name] ? unknown(one, properties[name]) : [name],
        );

  it("have fields that their CRD knows", () => {
    const texts = [...blocks("yaml"), ...mentions(/<<END$([\s\S]*?)^END$/gm)];
    const objects = texts.flatMap(({ page, word }) =>
      parseAllDocuments(word).map((document) => ({ page, object: document.toJS() as { readonly kind?: string } })),
    );
    const ours = objects.filter(({ object }) => schemas.has(object.kind ?? ""));
    expect(ours.length).toBeGreaterThan(5);
    const found = ours.flatMap(({ page, object }) =>
      unknown(object, schemas.get(object.kind ?? "") ?? {}).map((field) => `${page}: ${field}`),
    );
    expect(found).toEqual([]);
  });
});

describe("the way from manifests to the chart", () => {
  const [page] = userPages.filter(({ path }) => path === "docs/upgrade.md");
  const [, commands = ""] = /^From manifests to the chart:.*?^```bash\n(.*?)^```/ms.exec(page?.text ?? "") ?? [];
  const objects = parseAllDocuments(readFileSync(join(ROOT, "deploy/infra/deployment-rbac.yaml"), "utf8"))
    .map(
      (document) => document.toJS() as { readonly kind: string; readonly metadata: { readonly name: string } } | null,
    )
    .filter((object) => object !== null)
    .map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);

  it("deletes all that the chart or its policies would meet, and no CRD", () => {
    const deleted = commands.match(/[a-z]+\/[\w-]+(?= |$)/gm);
    expect(deleted?.toSorted()).toEqual(objects.filter((name) => !name.startsWith("custom")).toSorted());
    const files = commands.match(/(?<=-f )\S+/g);
    expect(files).toEqual(["deploy/infra/admission-policies.yaml", "deploy/infra/mic-exception.yaml"]);
  });
});

describe("the page for trouble", () => {
  const page = userPages.filter(({ path }) => path === "docs/troubleshooting.md");
  const said = (folder: string): string =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /(?<!\.test)\.(ts|tpl|yaml|mjs)$/.test(name))
      .map((name) => readFileSync(join(ROOT, folder, name), "utf8"))
      .join("\n");

  it("tells of every reason that an event of MIC has", () => {
    const named = said("src/mic").matchAll(/"([A-Z][a-z]+(?:[A-Z][A-Za-z]+)+)"/g);
    const reasons = [...new Set(Array.from(named, ([, word = ""]) => word))].filter((word) => word !== "AbortError");
    expect(reasons).toContain("BindingApplied");
    expect(reasons.filter((reason) => !page[0]?.text.includes(`\n| \`${reason}\` |`))).toEqual([]);
  });

  it("quotes what the programs and the chart say: each part between … and <…> is theirs", () => {
    const source = `${said("src")}\n${["templates", "files"].map((folder) => said(`charts/aad-pod-identity/${folder}`)).join("\n")}\n${readFileSync(join(ROOT, "docs/reference/problems.md"), "utf8")}`;
    const quotes = mentions(/^\| *`([^`|]+)`/gm, page).flatMap(({ page: path, word }) =>
      word.split(/…|<[^>]*>/).map((part) => ({ page: path, word: part.trim() })),
    );
    expect(quotes.length).toBeGreaterThan(20);
    expect(wrong(quotes, (part) => source.includes(part))).toEqual([]);
  });
});
