import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { isSmall, nodeFlags, programs } from "./programs.ts";

// One CommonJS bundle a program, since an ES module that imports node:http costs 14 MB more memory, and an executable
// bin/<program> that runs the bundle on the pinned Node. Large packages that a program imports only when it needs them
// are bundles of their own beside it, so that nobody reads 18 MB for nothing.

const root = join(import.meta.dirname, "..");
const PACKAGES = "dist/packages.json";
const onDemand: Readonly<Record<string, string>> = {
  "@kubernetes/client-node": "kubernetes-client-node",
  "@azure/arm-compute": "azure-arm-compute",
  "@azure/identity": "azure-identity",
  "node-forge": "node-forge",
};

/** Whether no source is newer than what was built from it. */
function isFresh(): boolean {
  const bundles = [...programs, ...Object.values(onDemand)].map((name) => `dist/${name}.cjs`);
  const built = [PACKAGES, ...bundles, ...programs.map((name) => `bin/${name}`)];
  if (!built.every((file) => existsSync(join(root, file)))) return false;
  const sources = [
    "package-lock.json",
    ...globSync(["src/**/*", "tools/build.ts", "tools/programs.ts", "charts/**/crds/*"], { cwd: root }),
  ];
  const newest = Math.max(...sources.map((file) => statSync(join(root, file)).mtimeMs));
  return Math.min(...built.map((file) => statSync(join(root, file)).mtimeMs)) > newest;
}

function git(...args: string[]): string {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown"; // a source archive has no history
  }
}

async function bundle(): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const stamp = {
    version: `v${manifest.version}`,
    commit: process.env.BUILD_COMMIT || git("rev-parse", "--short", "HEAD"),
    date: process.env.BUILD_DATE || git("log", "-1", "--format=%cs"),
  };
  const shared = {
    absWorkingDir: root,
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node26",
    format: "cjs",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  } as const;
  const own = await build({
    ...shared,
    entryPoints: programs.map((name) => ({ in: `src/bin/${name}.ts`, out: name })),
    define: { BUILD_VERSION: JSON.stringify(stamp) },
    plugins: [besideTheProgram, withoutOthersMetrics],
  });
  for (const name of programs) if (isSmall(name)) checkIsAscii(`dist/${name}.cjs`);
  const others = await build({
    ...shared,
    entryPoints: Object.entries(onDemand).map(([name, out]) => ({ in: name, out })),
    minify: true,
  });
  const outputs = { ...own.metafile.outputs, ...others.metafile.outputs };
  writeFileSync(join(root, PACKAGES), `${JSON.stringify(packagesIn(outputs), undefined, 2)}\n`);
}

/** The folders of the packages of which a bundle holds code, for those who have to name them. */
function packagesIn(outputs: Metafile["outputs"]): Record<string, string[]> {
  const folders = (inputs: object) =>
    Object.keys(inputs).map((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? "");
  const rows = Object.entries(outputs).map(([file, { inputs }]) => {
    const name = file.replace(/^dist\/|\.cjs$/g, "");
    return [name, [...new Set(folders(inputs))].filter(Boolean).sort()] as const;
  });
  return Object.fromEntries(rows);
}

/** One other character, and V8 keeps the whole text at two bytes a character: half a megabyte of NMI's memory. */
function checkIsAscii(file: string): void {
  const [found] = /[^\0-\x7f]/.exec(readFileSync(join(root, file), "utf8")) ?? [];
  if (found === undefined) return;
  throw new Error(`${file} holds the character ${found}: write it as an escape in regular expressions`);
}

const besideTheProgram: Plugin = {
  name: "beside-the-program",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^(@(azure|kubernetes)\/|node-forge$)/ }, ({ path }) =>
      path in onDemand ? { path: `./${onDemand[path]}.cjs`, external: true } : undefined,
    ),
};

/** Of prom-client what our programs use: the rest would be a third of NMI's code, and 25 ms of each start. */
const withoutOthersMetrics: Plugin = {
  name: "without-others-metrics",
  setup: ({ onResolve, onLoad }) => {
    const unused = /^\.\/lib\/(summary|pushgateway|defaultMetrics|metricAggregators|cluster)$/;
    onResolve({ filter: unused }, ({ path, importer }) =>
      /[\\/]prom-client[\\/]index\.js$/.test(importer) ? { path, namespace: "unused" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {}" }));
  },
};

function writeExecutables(): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  for (const name of programs) {
    const flags = nodeFlags(name).map((flag) => ` ${flag}`);
    const file = join(root, "bin", name);
    rmSync(file, { force: true });
    const lines = [
      "#!/bin/sh",
      "# Made by `npm run build`: runs the program on the Node that this repository pins.",
      'here=$(readlink -f "$0")',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's, not ours
      "here=${here%/*}",
      `exec "$here/../node_modules/.bin/node"${flags.join("")} "$here/../dist/${name}.cjs" "$@"`,
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    chmodSync(file, 0o755);
  }
}

if (!process.argv.includes("--if-stale") || !isFresh()) {
  process.stderr.write(`building ${programs.map((name) => `bin/${name}`).join(", ")}\n`);
  await bundle();
  writeExecutables();
}
