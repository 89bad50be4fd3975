import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { entrypoint, imageNames, images, NOBODY, PATH } from "./images/table.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

/** The instructions of each stage of the Dockerfile, by the name of the stage. */
function stages(): Map<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of read("Dockerfile").split("\n")) {
    const name = /^FROM .* AS (\w+)$/.exec(line)?.[1];
    if (name !== undefined) {
      current = [];
      found.set(name, current);
    }
    if (/^[A-Z]/.test(line)) current.push(line);
  }
  return found;
}

describe("Dockerfile", () => {
  it.each(imageNames)("makes %s of its folder, with the user and command of the table", (name) => {
    const { user } = images[name];
    expect(stages().get(name)).toEqual([
      `FROM base AS ${name}`,
      `COPY --from=files /files/${name}/ /`,
      `USER ${user}:${user}`,
      `ENTRYPOINT ${JSON.stringify(entrypoint(name)).replaceAll(",", ", ")}`,
    ]);
  });

  it("has a target for each image and begins images with nothing of the builder's", () => {
    expect([...stages().keys()]).toEqual(["files", "base", ...imageNames]);
    expect(stages().get("base")).toEqual([
      "FROM scratch AS base",
      "COPY --from=files /files/base/ /",
      `ENV PATH=${PATH}`,
      "WORKDIR /",
    ]);
  });

  it("takes its builder from an argument, and nothing that its .dockerignore leaves out", () => {
    const [from, ...steps] = stages().get("files") ?? [];
    expect(from).toMatch(/^FROM --platform=\$\{BUILDPLATFORM\} \$\{BASE\} AS files$/);
    expect(read("Dockerfile")).toMatch(/^ARG BASE=\S+:\S+$/m);
    const kept = read(".dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"));
    const copied = steps.flatMap((step) => /^COPY (?!\.)(.*) \.\/$/.exec(step)?.[1]?.split(" ") ?? []);
    expect(copied).toEqual(["package.json", "package-lock.json"]);
    for (const file of [...copied, "src", "tools", "charts", "LICENSE"]) expect(kept).toContain(`!${file}`);
  });
});

describe("who uses the images", () => {
  it("makes NMI and nobody else root of its own accord", () => {
    expect(imageNames.filter((name) => images[name].user !== NOBODY)).toEqual(["nmi"]);
  });

  it("has the chart ask for images and users that are made", () => {
    const charts = "charts/aad-pod-identity";
    const asked = [...read(`${charts}/values.yaml`).matchAll(/^ {2}image: (\w+)$/gm)].map(([, name]) => name);
    expect(asked).toEqual(["mic", "nmi"]);
    for (const name of asked) expect(imageNames).toContain(name);
    for (const file of ["_hook.tpl", "mic-deployment.yaml"]) {
      expect(read(`${charts}/templates/${file}`)).toContain(`runAsUser: ${NOBODY}\n`);
    }
  });
});

it("fetches packages from where this machine's apt has Debian's, or from where it is told", () => {
  const mirror = (apt: string, env: NodeJS.ProcessEnv = {}) =>
    execFileSync(join(root, "tools/images/mirror"), [apt], {
      env: { PATH: process.env.PATH, ...env },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  const folder = mkdtempSync(join(tmpdir(), "apt-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(() => mirror(folder)).toThrow("set DEBIAN_MIRROR to the address of a mirror");
  mkdirSync(join(folder, "sources.list.d"));
  writeFileSync(
    join(folder, "sources.list.d/ubuntu.sources"),
    "URIs: http://archive.ubuntu.com/ubuntu/\n# http://old.example/debian\n",
  );
  expect(() => mirror(folder)).toThrow("has no packages of Debian");
  writeFileSync(join(folder, "sources.list"), "deb https://mirror.example/linux/debian bookworm main\n");
  expect(mirror(folder)).toBe("https://mirror.example/linux");
  expect(mirror(folder, { DEBIAN_MIRROR: "http://near.example" })).toBe("http://near.example");
});
