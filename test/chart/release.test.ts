import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { CHART, helmMissing } from "../support/helm.ts";

const missing = helmMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
const SCRIPT = join(import.meta.dirname, "../../.ci/publish-chart");
const PAGE = "https://github.com/aad-pod-identity/aad-pod-identity/releases";
const CHARTS = "ghcr.io/aad-pod-identity/charts";
const { version, appVersion } = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8"));
const PACKAGE = `aad-pod-identity-${version}.tgz`;
const former = { apiVersion: "v1", entries: { "aad-pod-identity": [{ name: "aad-pod-identity", version: "4.9.0" }] } };

/** Publishes the chart where programs that reach others only write down what they are asked to do. */
function publish(outside: { readonly formerIndex?: object; readonly isThere?: boolean }) {
  const folder = mkdtempSync(join(tmpdir(), "release-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const published = join(folder, "published");
  mkdirSync(published);
  const program = (name: string, script: string) =>
    writeFileSync(join(folder, name), `#!/bin/bash\nset -e\n${script}\n`, { mode: 0o755 });
  const told = `echo "\${0##*/} $*" | sed 's#/tmp[^ ]*/##g' >>"${folder}/calls"`;
  if (outside.formerIndex !== undefined) writeFileSync(join(folder, "index"), JSON.stringify(outside.formerIndex));
  program("npm", "");
  program("curl", `[ -e ${folder}/index ] && while [ "$1" != -o ]; do shift; done && cp ${folder}/index "$2"`);
  program("cosign", `[ "$1" != login ] || exec cat >/dev/null\n${told}`);
  program("gh", `${told}\nfor file; do [ ! -f "$file" ] || cp "$file" ${published}; done`);
  program(
    "helm",
    `case "$*" in
      "registry login"*) cat >/dev/null ;;
      "show chart oci:"*) ${outside.isThere ? "true" : "false"} ;;
      "show chart"*) tar -xOf "$3" aad-pod-identity/Chart.yaml ;;
      *) ${told}; echo Digest: sha256:0123 >&2 ;;
    esac`,
  );
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
  const { status, stderr, calls, files, index } = publish({ formerIndex: former });
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
  const { status, stderr, calls } = publish({ isThere: true });
  expect([status, calls]).toEqual([1, []]);
  expect(stderr).toContain(`chart ${version} is published already`);
});
