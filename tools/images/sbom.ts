import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { DebianPackage, NpmPackage } from "./packages.ts";

const root = join(import.meta.dirname, "../..");

type Component = Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };
type Bom = {
  readonly metadata: { readonly component: Component; readonly tools: unknown };
  readonly components: readonly Component[];
  readonly [other: string]: unknown;
};

type Parts = {
  readonly image: string;
  readonly npm: readonly NpmPackage[];
  readonly debian: readonly DebianPackage[];
  readonly node: { readonly version: string; readonly processor: string };
};

let whole: Bom | undefined;

/**
 * All of the lockfile in CycloneDX, as npm tells it. What is for development is not left out by npm: it would leave out
 * what both need. Only what is in a bundle is taken from it.
 */
function npmSbom(): Bom {
  const args = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--loglevel", "error"];
  whole ??= JSON.parse(execFileSync("npm", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 })) as Bom;
  return whole;
}

/**
 * The bill of materials of an image: of npm's those components that are in its bundles, Node, and Debian's packages.
 * Without number and time, so that the same contents give the same bytes.
 */
export function imageSbom({ image, npm, debian, node }: Parts): Bom {
  const { metadata, components, serialNumber: _, dependencies: __, ...rest } = npmSbom();
  const inBundles = npm.map(({ name, version }) => {
    const found = components.find((one) => one.name === name && one.version === version);
    if (found === undefined) throw new Error(`${name}@${version} is in a bundle, but npm does not name it`);
    return found;
  });
  const component = { ...metadata.component, type: "container", name: image, "bom-ref": image, purl: undefined };
  return {
    ...rest,
    metadata: { tools: metadata.tools, component },
    components: [nodeComponent(node), ...debian.map(debianComponent), ...inBundles],
  };
}

function nodeComponent({ version, processor }: Parts["node"]): Component {
  const purl = `pkg:generic/node@${version}?arch=${processor}`;
  const cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`;
  return { type: "platform", "bom-ref": purl, name: "node", version, purl, cpe };
}

function debianComponent({ name, version, architecture }: DebianPackage): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-12`;
  return { type: "library", "bom-ref": purl, name, version, purl };
}
