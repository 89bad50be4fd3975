import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

/** What each folder of src/ may import besides its own files and node: modules. `packages` are its npm packages. */
const rules: Readonly<Record<string, { readonly folders: readonly string[]; readonly packages?: readonly string[] }>> =
  {
    base: { folders: [], packages: ["prom-client"] },
    api: { folders: ["base"], packages: ["valibot"] },
    identity: { folders: ["api", "base"] },
    assignment: { folders: ["identity", "api", "base"] },
    kube: { folders: ["api", "base"], packages: ["@kubernetes/client-node"] },
    azure: {
      folders: ["api", "base"],
      packages: ["@azure/arm-compute", "@azure/identity", "node-forge", "valibot", "yaml"],
    },
    intercept: { folders: ["base"] },
    tokens: { folders: ["azure", "api", "base"], packages: ["valibot"] },
    mic: { folders: ["assignment", "kube", "azure", "api", "base"] },
    nmi: { folders: ["identity", "tokens", "kube", "api", "base"] },
    demo: { folders: ["tokens", "kube", "api", "base"] },
    validator: { folders: ["tokens", "kube", "api", "base"] },
    simple: { folders: ["tokens", "kube", "api", "base"] },
    cli: { folders: ["assignment", "identity", "kube", "azure", "api", "base"], packages: ["commander", "yaml"] },
    sandbox: { folders: ["base"], packages: ["kubernetes-types", "yaml"] },
    bin: {
      folders: [
        ...["assignment", "identity", "kube", "azure", "tokens", "intercept"],
        ...["mic", "nmi", "demo", "validator", "simple", "cli", "api", "base"],
      ],
    },
  };

/** Folders whose code only computes: the same input gives the same result, whenever and wherever it runs. */
const pure = ["api", "identity", "assignment"];
const pureModules = ["node:crypto"]; // for hashes; what makes keys and random values is told by impureWords
const impureBase = ["clock.ts", "endpoints.ts", "listener.ts", "log.ts", "log-lines.ts", "metrics.ts"];
const impureWords =
  /\b(fetch|setTimeout|setInterval|setImmediate|queueMicrotask|performance|process|globalThis|crypto)\b[.(]|\bnew Date\(\)|\bDate\.now|\bMath\.random|\brandom(UUID|Bytes|Int)\b/;
/** `process` is read in bin/ alone; these parts of it are the same for everybody. */
const harmlessProcess = /\bprocess\.(platform|arch|pid|stderr|kill)\b/g;

/** The few doors between folders that the table does not tell, for imports on demand and of types only. */
const doors: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  { from: "src/cli/", to: "src/sandbox/compose.ts", why: "the sandbox is loaded only when asked for" },
  { from: "src/cli/", to: "src/sandbox/emulate.ts", why: "and so are the emulators alone" },
];

type Import = { readonly file: string; readonly target: string; readonly isTypes: boolean; readonly isLazy: boolean };

const sources = globSync("src/**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".test.ts"));
const imports = sources.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const code = read(file);
  const found = [...code.matchAll(/\b(?:import|export)\b(\s+type\b)?[^;"'`]*?\bfrom\s*["'`]([^"'`]+)/g)];
  const bare = [...code.matchAll(/\bimport\s*["'`]([^"'`]+)/g)];
  const lazy = [...code.matchAll(/\bimport\(\s*["'`]([^"'`]+)/g)];
  const one = (target: string | undefined, isTypes: boolean, isLazy: boolean) => {
    return { file, target: locate(file, target ?? ""), isTypes, isLazy };
  };
  return [
    ...found.map(([, type, target]) => one(target, type !== undefined, false)),
    ...bare.map(([, target]) => one(target, false, false)),
    ...lazy.map(([, target]) => one(target, false, true)),
  ];
}

/** A relative import as a path from the root; anything else as it stands. */
function locate(file: string, target: string): string {
  return target.startsWith(".") ? join(dirname(file), target) : target;
}

function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function packageOf(target: string): string {
  return target.split("/", target.startsWith("@") ? 2 : 1).join("/");
}

function isAllowed({ file, target, isTypes, isLazy }: Import): boolean {
  const own = folderOf(file);
  const rule = rules[own];
  if (rule === undefined) return false;
  if (target.startsWith("src/")) {
    if (folderOf(target) === own || rule.folders.includes(folderOf(target))) return true;
    return (isTypes || isLazy) && doors.some((door) => file.startsWith(door.from) && target === door.to);
  }
  if (target.startsWith("node:")) return true;
  return !builtinModules.includes(target) && (rule.packages?.includes(packageOf(target)) ?? false);
}

function show({ file, target }: Import): string {
  return `${file} imports ${target}`;
}

describe("architecture", () => {
  it("finds sources and imports", () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(40);
  });

  it("has a rule for every folder of src/", () => {
    expect([...new Set(sources.map(folderOf))].filter((folder) => !(folder in rules))).toEqual([]);
  });

  it("imports only in the allowed directions", () => {
    expect(imports.filter((one) => !isAllowed(one)).map(show)).toEqual([]);
  });

  it("keeps the deciding folders pure", () => {
    const impure = imports.filter(({ file, target }) => {
      if (!pure.includes(folderOf(file))) return false;
      return (
        (target.startsWith("node:") && !pureModules.includes(target)) ||
        impureBase.some((name) => target === `src/base/${name}`)
      );
    });
    expect(impure.map(show)).toEqual([]);
    expect(sources.filter((file) => pure.includes(folderOf(file)) && impureWords.test(read(file)))).toEqual([]);
  });

  it("imports by names that can be read here", () => {
    const hidden = /\bcreateRequire\b|\brequire\(|\bimport\(\s*[^"'`\s]|["'`]node:(module|process|vm)["'`]/;
    expect(sources.filter((file) => hidden.test(read(file)))).toEqual([]);
  });

  it("serves HTTP in base, nmi and the sandbox alone", () => {
    const servers = sources.filter((file) => /\bcreateServer\b/.test(read(file))).map(folderOf);
    expect([...new Set(servers)].sort()).toEqual(["base", "sandbox"]);
  });

  it("has no cycles, not even of types", () => {
    expect(findCycle()).toBeUndefined();
  });

  it("has no barrels, default exports or folders for leftovers", () => {
    const leftovers = /(^|\/)(utils?|helpers?|common|misc|shared)(\/|\.ts$)/;
    expect(sources.filter((file) => leftovers.test(file) || file.endsWith("/index.ts"))).toEqual([]);
    expect(sources.filter((file) => /^export (default|\*)/m.test(read(file)))).toEqual([]);
  });

  it("reads the environment and ends the process only in bin/", () => {
    const isOutside = (file: string) => folderOf(file) !== "bin";
    const readsMore = (file: string) =>
      /(?<![#./\w])process\b(?=[.;,)[])/.test(read(file).replace(harmlessProcess, ""));
    expect(sources.filter((file) => isOutside(file) && readsMore(file))).toEqual([]);
  });

  it("keeps files short enough to read", () => {
    const long = sources
      .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
      .filter(({ lines }) => lines > 250);
    expect(long).toEqual([]);
  });
});

/** The code of a file, without its comments. */
function read(file: string): string {
  const text = readFileSync(join(root, file), "utf8");
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/[^\n]*/g, "$1");
}

function findCycle(): string | undefined {
  const graph = new Map(
    sources.map((file) => [
      file,
      imports.filter((one) => one.file === file && !one.isLazy).map(({ target }) => target),
    ]),
  );
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string | undefined => {
    if (path.includes(file))
      return [...path.slice(path.indexOf(file)), file].map((one) => relative("src", one)).join(" → ");
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = graph.has(next) ? visit(next, [...path, file]) : undefined;
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of sources) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
