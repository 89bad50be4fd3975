import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, REGISTRY } from "../home.ts";
import { entrypoint, imageNames, images, sharedPackages } from "./table.ts";

const DOCKERFILE = join(import.meta.dirname, "../../Dockerfile");

/** Dockerfile with the commands of the table; all else in it is written by hand. */
function dockerfile(): string {
  const command = (name: (typeof imageNames)[number]) => JSON.stringify(entrypoint(name)).replaceAll(",", ", ");
  return imageNames.reduce(
    (text, name) =>
      text.replace(new RegExp(`^ENTRYPOINT .*"/app/${name}\\.cjs"]$`, "m"), `ENTRYPOINT ${command(name)}`),
    readFileSync(DOCKERFILE, "utf8"),
  );
}

/** What is written from the table of images. */
export const imageFiles: Readonly<Record<string, () => string>> = { Dockerfile: dockerfile };

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

export function imagesPage(): string {
  const rows = imageNames.map((name) => {
    const { user, why, budgetMb } = images[name];
    return `| \`${name}\` | ${user}: ${why} | \`${entrypoint(name).join(" ")}\` | ${budgetMb} MB |\n`;
  });
  return `# Images

For linux/amd64 and linux/arm64, named \`${REGISTRY}/<image>:v<version>\`. No pod needs to write to its root file
system. The size is the most that an image may take on a node, all layers unpacked; 157 MB of it are one layer that all images share.

| image | runs as | command | size |
| --- | --- | --- | --- |
${rows.join("")}
## What is in them

- Node, the one that \`package-lock.json\` pins, as it is published: \`/usr/local/bin/node\`.
- Packages of Debian 12 without their manuals, translations and scripts: ${code(sharedPackages)}.
- \`/app\`: the program, what it loads on demand, its licences (\`LICENSE\`, \`NOTICES\`) and a CycloneDX bill of materials (\`sbom.cdx.json\`),
  which names what is in the image and nothing else.
- \`/etc/passwd\`, \`/etc/group\`, \`/etc/nsswitch.conf\` and \`/etc/os-release\`, by which scanners know the packages listed in \`/var/lib/dpkg/status.d\`.

There is no shell, no package manager and no other program. NMI's image alone has more: ${code(images.nmi.packages)}, so that it finds both variants of
iptables, \`nft\`, \`conntrack\` and \`sh\`.

Certificates of public authorities are Node's own. Where Azure's endpoints have certificates of a private one, mount it and name it in
\`NODE_EXTRA_CA_CERTS\` by \`mic.extraEnv\` and \`nmi.extraEnv\`.

## Check what you run

    cosign verify ${REGISTRY}/nmi:v<version> \\
      --certificate-oidc-issuer https://token.actions.githubusercontent.com \\
      --certificate-identity-regexp '^${PROJECT.replaceAll(".", "\\.")}/\\.github/workflows/release\\.yml@refs/tags/v'
    cosign verify-attestation --type cyclonedx ${REGISTRY}/nmi@<digest of a processor's image> ...

The chart of a release asks for the images of that release, and is signed in the same way, at \`${REGISTRY}/charts/aad-pod-identity:<version of the chart>\`:

    helm install aad-pod-identity oci://${REGISTRY}/charts/aad-pod-identity --version <version of the chart>
    helm repo add aad-pod-identity ${PROJECT}/releases/latest/download     # or so, without its signature

## Build them

    docker build --target nmi --tag registry.example/nmi:v<version> .
    docker buildx build --platform linux/amd64,linux/arm64 --target nmi .

| argument | default | meaning |
| --- | --- | --- |
| \`BASE\` | \`${/^ARG BASE=(.*)$/m.exec(readFileSync(DOCKERFILE, "utf8"))?.[1]}\` | what builds them: Debian 12 with apt, npm and Node 20 or newer. Nothing of it is in the images. To build from the same one for ever, add its digest |
| \`DEBIAN_MIRROR\` | as \`BASE\` has it | where Debian's packages come from, without \`/debian\` |
| \`COMMIT\`, \`DATE\` | \`unknown\` | what \`--version\` tells |

Debian's packages are the newest of their release, since what changes there are corrections; the bill of materials has their versions.

Without a container engine, on Debian or where \`debian-archive-keyring\`, apt and npm are: \`npm run build\`, then

    node tools/images/make.ts OUT --processor arm64 --repository registry.example

writes \`OUT/mic.tar\` and so on: OCI archives, for the other processor too, and the same bytes from the same packages. Load them
with \`ctr -n k8s.io images import\`, \`docker load\`, \`podman load\` or \`skopeo copy oci-archive:\`. Packages come
from where this machine's apt has Debian's, or from where \`DEBIAN_MIRROR\` says, which a machine without Debian's needs.

## Publish them elsewhere

The names above are in one place, \`tools/home.ts\`: the project's address, and where releases publish. A fork sets both, runs \`npm run generate\` and
\`node tools/manifests.ts\`, and tags: \`.github/workflows/release.yml\` publishes below its owner's name, and refuses to where the chart would have its images
from elsewhere. Its repository variable \`DEBIAN_MIRROR\` names a mirror for the tests. A release needs a new \`version\` in \`package.json\` and in \`Chart.yaml\`, there as \`appVersion\` too.
`;
}
