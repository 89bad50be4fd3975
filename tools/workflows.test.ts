import { execFileSync, spawnSync } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { PROJECT, REGISTRY } from "./home.ts";
import { imageNames } from "./images/table.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

type Step = { readonly uses?: string; readonly run?: string };
type Job = {
  readonly uses?: string;
  readonly "timeout-minutes"?: number;
  readonly permissions?: unknown;
  readonly steps?: readonly Step[];
};
type Workflow = { readonly on?: unknown; readonly permissions?: unknown; readonly jobs: Readonly<Record<string, Job>> };

const toRead = { contents: "read" };
const toSign = { packages: "write", "id-token": "write" };
/** What starts each workflow, and what each of its jobs may do: whatever else one asks for has to be added here too. */
const MAY = {
  "release.yml": {
    on: { push: { tags: ["v*"] } },
    jobs: { test: toRead, images: { ...toRead, ...toSign }, chart: { contents: "write", ...toSign } },
  },
  "test.yml": {
    on: { push: { branches: ["main"] }, pull_request: null, workflow_call: null },
    jobs: { test: toRead, images: toRead },
  },
};

const files = globSync(".github/workflows/*.{yml,yaml}", { cwd: root }).sort();
const scripts = globSync(".ci/*", { cwd: root });
const jobsOf = (file: string) => Object.entries((parse(read(file)) as Workflow).jobs);
const tableOf = (file: string) => Object.entries(MAY).find(([name]) => name === basename(file))?.[1];
const stepsOf = (file: string) => jobsOf(file).flatMap(([, { steps = [] }]) => steps);
const runs = files.flatMap((file) => stepsOf(file).flatMap(({ run }) => (run === undefined ? [] : [run])));

describe.each(files)("%s", (file) => {
  const { on, permissions } = parse(read(file)) as Workflow;

  it("has jobs that may do nothing unless they say so, and that end some time", () => {
    expect(permissions).toEqual({});
    expect(jobsOf(file)).not.toEqual([]);
    for (const [, job] of jobsOf(file)) expect(job.uses ?? job["timeout-minutes"]).toBeDefined();
  });

  it("is started by what the table names, never with the repository's rights by what others send", () => {
    expect(on).toEqual(tableOf(file)?.on ?? "something, of which the table says nothing");
    expect(read(file)).not.toMatch(/pull_request_target|workflow_run|issue_comment/);
  });

  it("gives each job the permissions of the table, and no other", () => {
    const asked = Object.fromEntries(jobsOf(file).map(([name, job]) => [name, job.permissions]));
    expect(asked).toEqual(tableOf(file)?.jobs);
  });

  it("names the commit of each action of others, and its release", () => {
    const uses = Array.from(read(file).matchAll(/\buses:\s*(.*)$/gm), ([, name = ""]) => name);
    expect(uses).not.toEqual([]);
    for (const one of uses) expect(one).toMatch(/^([\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/.+\.yml)$/);
    for (const [, own = ""] of uses.join("\n").matchAll(/^\.\/(.*)$/gm)) expect(files).toContain(own);
  });
});

it.each(runs.map((run) => [run.trim().split("\n")[0], run]))(
  "%s is Bash, and takes nothing from expressions",
  (_, run) => {
    expect(spawnSync("bash", ["-n"], { input: run, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    expect(run).not.toContain("${{"); // else what others write, such as the name of a branch, would be run
  },
);

it("scripts of continuous integration are Bash", () => {
  for (const file of scripts) execFileSync("bash", ["-n", join(root, file)]);
});

it("all that workflows and their scripts call is there", () => {
  const text = [...runs, ...scripts.map(read)].join("\n");
  const paths = Array.from(text.matchAll(/(?<![\w/$"}.])(?:\.ci|test|tools)\/[\w./-]+/g), ([path]) => path);
  expect(paths).toEqual(expect.arrayContaining([".ci/run", ".ci/publish-chart", "tools/chart-repository.ts"]));
  for (const path of paths) {
    const mode = statSync(join(root, path), { throwIfNoEntry: false })?.mode ?? 0;
    expect([path, path.endsWith(".ts") ? mode !== 0 : (mode & 0o111) !== 0]).toEqual([path, true]);
  }
  const { scripts: known } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
  const called = Array.from(text.matchAll(/\bnpm (?:run )?([\w:]+)/g), ([, name = ""]) => name);
  expect(called).toContain("test");
  for (const name of called.filter((one) => one !== "ci" && one !== "run")) expect(known).toHaveProperty([name]);
});

describe("a release", () => {
  const version = `v${JSON.parse(read("package.json")).version}`;
  const owner = new URL(PROJECT).pathname.split("/")[1];
  const checked = (change: Readonly<Record<string, string>>) => {
    const env = {
      PATH: process.env.PATH,
      VERSION: version,
      REGISTRY: "ghcr.io",
      GITHUB_REPOSITORY_OWNER: owner,
      ...change,
    };
    const { status, stderr } = spawnSync(join(root, ".ci/check-release"), { env, encoding: "utf8" });
    return `${status} ${stderr.trim()}`;
  };

  it("publishes every image", () => {
    expect(read(".github/workflows/release.yml")).toContain(`for image in ${imageNames.join(" ")}; do`);
  });

  it("takes the tag of its version, where images go to where the chart has them from", () => {
    expect(checked({})).toBe("0 ");
    expect(checked({ GITHUB_REPOSITORY_OWNER: owner?.toUpperCase() ?? "" })).toBe("0 ");
  });

  it.each([
    [{ VERSION: "v0.0.1" }, `1 error: the tag is v0.0.1, and package.json says ${version}`],
    [
      { GITHUB_REPOSITORY_OWNER: "fork" },
      `1 error: images go to ghcr.io/fork, and the chart has them from ${REGISTRY}: set both in`,
    ],
  ])("refuses %j", (change, says) => {
    expect(checked(change)).toContain(says);
  });

  it("finds the names of registry and project in one place", () => {
    const sources = globSync(["{src,tools,.github,.ci}/**/*.{ts,mjs,yml}", "test/cluster/support/*.ts"], { cwd: root });
    const isNamed = (file: string) => [REGISTRY, PROJECT].some((name) => read(file).includes(name));
    expect(sources.filter(isNamed)).toEqual(["tools/home.ts"]);
  });
});
