import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Chain, guardChain, localnetChain, redirectChain } from "../src/intercept/rules.ts";
import { METADATA_ADDRESS, networkMissing } from "../test/support/netns/netns.ts";
import { elfMachine, filesOf, runInImage, type UnpackedImage, unpackImage } from "../test/support/unpacked-image.ts";
import {
  entrypoint,
  type ImageName,
  imageNames,
  images,
  PATH,
  type Processor,
  sharedPackages,
} from "./images/table.ts";

// The images as tools/images/make.ts makes them, unpacked, and their programs run in what was unpacked.

const LONGEST_MAKE_MS = 300_000; // where nothing was fetched yet
const here: Processor = process.arch === "arm64" ? "arm64" : "amd64";
const missing = networkMissing() ?? (existsSync("/usr/bin/apt-get") ? undefined : "packages are fetched by apt-get");
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
const ELF_MACHINES = { amd64: 62, arm64: 183 };

type Component = { readonly name: string; readonly version: string; readonly purl: string };

describe.skipIf(missing !== undefined)(`images${reason}`, () => {
  let folder: string;
  const unpacked = new Map<ImageName, UnpackedImage>();
  const image = (name: ImageName) => {
    const found = unpacked.get(name);
    if (found === undefined) throw new Error(`${name} was not made`);
    return found;
  };
  const make = (out: string, ...flags: readonly string[]) =>
    execFileSync(process.execPath, [join(import.meta.dirname, "images/make.ts"), out, ...flags], { stdio: "pipe" });
  const paths = (name: ImageName) => filesOf(image(name).root).map(({ path }) => path);
  const nmi = (user: string, ...command: readonly string[]) => runInImage(image("nmi"), user, ...command);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "images-test-"));
    make(folder);
    for (const name of imageNames) {
      unpacked.set(name, unpackImage(join(folder, `${name}.tar`), join(folder, name)));
    }
  }, LONGEST_MAKE_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each(imageNames)("%s", (name) => {
    it("starts the program as the table says, for this processor", () => {
      const { user } = images[name];
      expect(image(name).architecture).toBe(here);
      expect(image(name).config).toEqual({
        User: `${user}:${user}`,
        Env: [`PATH=${PATH}`],
        Entrypoint: entrypoint(name),
        WorkingDir: "/",
      });
    });

    it("runs where nothing may be written, as its own user and as the other that the chart knows", () => {
      for (const user of ["0:0", "65532:65532"]) {
        const { status, output } = runInImage(image(name), user, ...entrypoint(name), "--version");
        expect(output).toMatch(/^MIC Version: v\d.* - Commit: /);
        expect(status).toBe(0);
      }
    });

    it("holds the packages of the table and no others, where links lead to them", () => {
      const status = "/var/lib/dpkg/status.d/";
      const found = paths(name).filter((path) => path.startsWith(status));
      const wanted = [...sharedPackages, ...images[name].packages].map((one) => `${status}${one}`);
      expect(found).toEqual(wanted.sort());
      const links = filesOf(image(name).root).filter(({ path }) => /^\/(bin|sbin|lib|lib64|var\/run)$/.test(path));
      expect(links.map(({ kind }) => kind)).toEqual(["link", "link", "link", "link", "link"]);
    });

    it("holds no manager of packages, no cache, no manual and nothing that gives another user's powers", () => {
      expect(paths(name).filter((path) => /bin\/(apt|apt-get|dpkg|npm|npx|yarn|corepack)$/.test(path))).toEqual([]);
      expect(paths(name).filter((path) => /^\/(var\/cache|var\/lib\/apt|usr\/share\/(man|locale))/.test(path))).toEqual(
        [],
      );
      const files = filesOf(image(name).root).filter(({ kind }) => kind !== "link");
      expect(files.filter(({ mode }) => (mode & 0o6000) !== 0)).toEqual([]);
      expect(files.filter(({ mode }) => (mode & 0o002) !== 0)).toEqual([
        { path: "/tmp", mode: 0o1777, kind: "folder" },
      ]);
    });

    it("is readable by whoever it runs as", () => {
      const files = filesOf(image(name).root).filter(({ kind }) => kind !== "link");
      expect(files.filter(({ mode, kind }) => (mode & (kind === "folder" ? 0o005 : 0o004)) === 0)).toEqual([]);
    });

    it("takes no more than its budget, and the budget is no more than a tenth too large", () => {
      const { budgetMb } = images[name];
      expect(image(name).sizeMb).toBeLessThanOrEqual(budgetMb);
      expect(image(name).sizeMb).toBeGreaterThan(budgetMb * 0.9);
    });

    it("carries a bill of materials that names what is in it, and licences of that", () => {
      const file = (path: string) => readFileSync(join(image(name).root, path), "utf8");
      const bom = JSON.parse(file("app/sbom.cdx.json")) as { bomFormat: string; components: readonly Component[] };
      const named = (type: string) => bom.components.filter(({ purl }) => purl.startsWith(`pkg:${type}/`));
      expect(bom.bomFormat).toBe("CycloneDX");
      expect(named("deb").map((one) => one.name)).toEqual([
        ...[...sharedPackages].sort(),
        ...[...images[name].packages].sort(),
      ]);
      expect(named("generic").map((one) => `v${one.version}`)).toEqual([process.version]);
      expect(named("npm").some((one) => one.name === "@azure/arm-compute")).toBe(name === "mic");
      for (const one of named("npm")) expect(file("app/NOTICES")).toContain(`=== ${one.name} ${one.version}\n`);
      const copyrights = paths(name).filter((path) => path.startsWith("/usr/share/doc/"));
      expect(copyrights).toContain("/usr/share/doc/node/copyright");
      for (const one of named("deb")) expect(copyrights).toContain(`/usr/share/doc/${one.name}`);
    });
  });

  it("gives all but NMI one program to run, Node, and no shell", () => {
    const programs = (name: ImageName) =>
      filesOf(image(name).root)
        .filter(({ path, mode, kind }) => kind !== "folder" && (mode & 0o111) !== 0 && !/\.so[.\d]*$/.test(path))
        .map(({ path }) => path)
        .filter((path) => /bin\//.test(path));
    for (const name of imageNames.filter((one) => one !== "nmi"))
      expect(programs(name)).toEqual(["/usr/local/bin/node"]);
    expect(programs("nmi")).toEqual(expect.arrayContaining(["/usr/bin/sh", "/usr/local/bin/node", "/usr/sbin/nft"]));
  });

  it("runs scripts of the chart's hooks on NMI's Node", () => {
    const script = "import 'node:https'; console.log(process.getuid(), process.version)";
    const { output } = nmi("65532:65532", "node", "--input-type=module", "--eval", script);
    expect(output).toBe(`65532 ${process.version}\n`);
  });

  it.each([
    ["iptables-nft-save"],
    ["iptables-legacy-save"],
    ["iptables", "--version"],
    ["nft", "list", "ruleset"],
    ["conntrack", "--version"],
    ["conntrack", "-D", "-p", "tcp", "--orig-port-dst", "80"],
  ])("has NMI find %s and its libraries", (...command) => {
    const { status, output } = nmi("0:0", ...command);
    expect(output).not.toMatch(/not found|No such file|cannot open|Permission|lack/i);
    if (command[0] !== "conntrack" || command[1] === "--version") expect(status).toBe(0);
  });

  it.each(["iptables-nft", "iptables-legacy"])("has %s write and show every kind of rule that NMI has", (program) => {
    const metadata = { address: METADATA_ADDRESS, port: 80 };
    const chains = [
      redirectChain(metadata, { address: "127.0.0.1", port: 2579 }),
      guardChain(metadata),
      localnetChain(),
    ];
    const rulesOf = ({ name, rules }: Chain) => rules.map((rule) => `-A ${name} ${rule}`);
    const lines = chains.flatMap((one) => [`*${one.table}`, `:${one.name} - [0:0]`, ...rulesOf(one), "COMMIT"]);
    const script = `printf '%s\n' "$@" | ${program}-restore --noflush && ${program}-save`;
    const { status, output } = nmi("0:0", "sh", "-c", script, "sh", ...lines);
    expect(status).toBe(0);
    for (const rule of chains.flatMap(rulesOf)) expect(output).toContain(`${rule}\n`);
  });

  it("has NMI remove its rules by the programs of its image", () => {
    const { status, output } = nmi("0:0", ...entrypoint("nmi"), "--cleanup");
    expect(output).not.toMatch(/error|warn/i);
    expect(status).toBe(0);
  });

  it("has every library that a program or library of NMI's image links to", () => {
    const elves = filesOf(image("nmi").root)
      .filter(({ path, kind }) => kind === "file" && elfMachine(join(image("nmi").root, path)) !== undefined)
      .map(({ path }) => path);
    const script = 'for one; do LD_TRACE_LOADED_OBJECTS=1 "$0" "$one"; done';
    const loader = elves.find((path) => /\/ld-linux[\w.-]*$/.test(path)) ?? "";
    const { output } = nmi("0:0", "sh", "-c", script, loader, ...elves);
    expect(elves.length).toBeGreaterThan(100);
    expect(output).toContain("libc.so.6 => ");
    expect(output).not.toContain("not found");
  });

  it("makes the other processor's image of the other's files, and as many", { timeout: LONGEST_MAKE_MS }, () => {
    const other = here === "amd64" ? "arm64" : "amd64";
    make(join(folder, "other"), "--processor", other, "--only", "nmi");
    const { root, architecture } = unpackImage(join(folder, "other/nmi.tar"), join(folder, "other/nmi"));
    expect(architecture).toBe(other);
    const files = filesOf(root).filter(({ kind }) => kind === "file");
    const machines = files.map(({ path }) => elfMachine(join(root, path))).filter((one) => one !== undefined);
    expect(new Set(machines)).toEqual(new Set([ELF_MACHINES[other]]));
    const common = (list: readonly string[]) =>
      list.filter((path) => /^\/(app|etc|usr\/s?bin|usr\/local|var)/.test(path));
    expect(common(files.map(({ path }) => path))).toEqual(
      common(paths("nmi").filter((path) => files.some((one) => one.path === path))),
    );
    rmSync(join(folder, "other"), { recursive: true });
  });
});
