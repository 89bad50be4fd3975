import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { CHART, helmMissing } from "../support/chart/helm.ts";

const missing = helmMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
const SCRIPT = join(import.meta.dirname, "../../.ci/publish-chart");
const PAGE = "https://github.com/aad-pod-identity/aad-pod-identity/releases";
const CHARTS = "ghcr.io/aad-pod-identity/charts";
const { version, appVersion } = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8"));
const PACKAGE = `aad-pod-identity-${version}.tgz`;
const FETCH = 'failed to perform "FetchReference" on source: ';
const NOT_THERE = `${FETCH}${CHARTS}/aad-pod-identity:${version}: not found`;
const former = { apiVersion: "v1", entries: { "aad-pod-identity": [{ name: "aad-pod-identity", version: "4.9.0" }] } };

type Outside = {
  /** The index of the last release's page, or the status in place of it: 0 when nobody answers. */
  readonly page?: object | number;
  /** What helm says when asked for the chart in the registry: nothing when it is there. */
  readonly registry?: string;
  readonly refuses?: "helm" | "cosign";
};

/** Programs in place of those that reach others: they write down in "calls" what they are asked to do. */
function standIns(folder: string, published: string, { page = 404, registry = NOT_THERE, refuses }: Outside): void {
  const program = (name: string, script: string) =>
    writeFileSync(join(folder, name), `#!/bin/bash\nset -e\n${script}\n`, { mode: 0o755 });
  const told = `echo "\${0##*/} $*" | sed 's#/tmp[^ ]*/##g' >>"${folder}/calls"`;
  if (typeof page === "object") writeFileSync(join(folder, "index"), JSON.stringify(page));
  const status = typeof page === "number" ? String(page).padStart(3, "0") : "200";
  const login = (name: string) => `{ cat >/dev/null; exit ${name === refuses ? 1 : 0}; }`;
  program("npm", "");
  program(
    "curl",
    `printf ${status}; [ -e ${folder}/index ] || exit 22
    while [ "$1" != -o ]; do shift; done; cp ${folder}/index "$2"`,
  );
  program("cosign", `[ "$1" != login ] || ${login("cosign")}\n${told}`);
  program("gh", `${told}\nfor file; do [ ! -f "$file" ] || cp "$file" ${published}; done`);
  program(
    "helm",
    `case "$*" in
      "registry login"*) ${login("helm")} ;;
      "show chart oci:"*) [ -z '${registry}' ] || { echo 'Error: ${registry}' >&2; exit 1; } ;;
      "show chart"*) tar -xOf "$3" aad-pod-identity/Chart.yaml ;;
      *) ${told}; echo Digest: sha256:0123 >&2 ;;
    esac`,
  );
}

/** Publishes the chart, or does not, with what is outside. */
function publish(outside: Outside) {
  const folder = mkdtempSync(join(tmpdir(), "release-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const published = join(folder, "published");
  mkdirSync(published);
  standIns(folder, published, outside);
  const env = {
    PATH: [folder, process.env.PATH].join(delimiter),
    ...{ VERSION: `v${appVersion}`, REGISTRY: "ghcr.io", GH_TOKEN: "hush", GITHUB_ACTOR: "someone" },
    ...{ GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "aad-pod-identity/aad-pod-identity" },
    ...{ GITHUB_REPOSITORY_OWNER: "aad-pod-identity", HOME: process.env.HOME },
  };
  const { status, stderr } = spawnSync(SCRIPT, { env, encoding: "utf8" });
  const calls = join(folder, "calls");
  return {
    status,
    stderr,
    calls: existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : [],
    files: readdirSync(published),
    index: () => parse(readFileSync(join(published, "index.yaml"), "utf8")).entries["aad-pod-identity"],
  };
}

it.skipIf(missing !== undefined)(`a release publishes the chart, signed, beside those of former ones${reason}`, () => {
  const { status, stderr, calls, files, index } = publish({ page: former });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  expect(calls.slice(0, 3)).toEqual([
    `helm push ${PACKAGE} oci://${CHARTS}`,
    `cosign sign --yes ${CHARTS}/aad-pod-identity@sha256:0123`,
    `cosign sign-blob --yes --bundle ${PACKAGE}.sigstore.json ${PACKAGE}`,
  ]);
  expect(calls[3]).toMatch(
    `gh release create v${appVersion} ${appVersion.includes("-") ? "--prerelease" : "--latest"} `,
  );
  expect(calls.join("\n")).not.toContain("hush");
  expect(files).toEqual([PACKAGE, "index.yaml"]); // and the signature, which a stand-in does not make
  expect(index()).toMatchObject([
    { version, appVersion, urls: [`${PAGE}/download/v${appVersion}/${PACKAGE}`] },
    { version: "4.9.0" },
  ]);
});

it.skipIf(missing !== undefined)(`the first release has nothing before it${reason}`, () => {
  const { status, index } = publish({});
  expect(status).toBe(0);
  expect(index()).toHaveLength(1);
});

it.skipIf(missing !== undefined)(`a chart that is published already is not replaced${reason}`, () => {
  const { status, stderr, calls } = publish({ registry: "" });
  expect([status, calls]).toEqual([1, []]);
  expect(stderr).toContain(`chart ${version} is published already`);
});

const manifest = `${FETCH}GET "https://ghcr.io/v2/aad-pod-identity/charts/aad-pod-identity/manifests/${version}": `;

it.skipIf(missing !== undefined).each<[string, Outside, string]>([
  ["the page's server fails", { page: 500 }, `index.yaml of the last release is answered 500, neither 200 nor 404`],
  ["the page's server does not answer", { page: 0 }, `is answered 000, neither 200 nor 404`],
  ["the registry fails", { registry: `${manifest}response status code 500: Internal Server Error` }, "status code 500"],
  ["the registry refuses", { registry: `${manifest}response status code 403: denied: denied` }, "status code 403"],
  ["another thing is not found", { registry: 'Get "https://ghcr.io/v2/": proxy: not found' }, "proxy: not found"],
  ["helm's sign-in is refused", { refuses: "helm" }, "error: helm registry cannot sign in to ghcr.io as someone"],
  ["cosign's sign-in is refused", { refuses: "cosign" }, "error: cosign cannot sign in to ghcr.io as someone"],
])(`nothing is published while %s${reason}`, (_, outside, says) => {
  const { status, stderr, calls } = publish(outside);
  expect([status, calls]).toEqual([1, []]);
  expect(stderr).toContain(says);
  expect(stderr).toMatch(/^error: .*nothing was published/m);
});
