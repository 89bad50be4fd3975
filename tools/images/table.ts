import { nodeFlags, type Program } from "../programs.ts";

/** Processors that images are made for, as images name them, and what others call the same. */
export const processors = {
  amd64: { node: "x64", libraries: "x86_64-linux-gnu" },
  arm64: { node: "arm64", libraries: "aarch64-linux-gnu" },
} as const;

export type Processor = keyof typeof processors;

/** What runs as nobody in particular, in every image under this number; the chart's hooks too. */
export const NOBODY = 65532;

/** Debian's packages of the layer that all images share: what Node links to. */
export const sharedPackages = ["gcc-12-base", "libatomic1", "libc6", "libgcc-s1", "libstdc++6"] as const;

type Image = {
  /** Whose process it is unless a pod's securityContext says otherwise. */
  readonly user: number;
  readonly why: string;
  /** Debian's packages besides the shared ones, each named: nothing comes along because another one wants it. */
  readonly packages: readonly string[];
  /** What it may take on a node, all layers unpacked. */
  readonly budgetMb: number;
};

const plain = { user: NOBODY, packages: [], budgetMb: 165 } as const;

/** The images, each with the program of its name. Dockerfile has a target for each, and docs/reference/images.md a row. */
export const images = {
  mic: { ...plain, budgetMb: 170, why: "the chart makes it root where it has to read azure.json of the node" },
  nmi: {
    user: 0,
    why: "writes iptables rules; the chart takes all powers but NET_ADMIN and NET_RAW from it, and its hooks are 65532",
    packages: [
      ...["iptables", "libip4tc2", "libip6tc2", "libxtables12", "libnftnl11", "libmnl0", "netbase"],
      ...["conntrack", "libnetfilter-conntrack3", "libnfnetlink0"],
      ...["nftables", "libnftables1", "libgmp10", "libjansson4", "libedit2", "libbsd0", "libmd0", "libtinfo6"],
      "dash",
    ],
    budgetMb: 180,
  },
  demo: { ...plain, why: "asks for tokens, as any pod does" },
  identityvalidator: { ...plain, why: "asks for tokens, as any pod does" },
} as const satisfies Partial<Record<Program, Image>>;

export type ImageName = keyof typeof images;

export const imageNames = Object.keys(images) as readonly ImageName[];

export const PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NODE = "/usr/local/bin/node";

/** The command of an image: the same Node, flags and bundle as bin/<program>. */
export function entrypoint(name: ImageName): readonly string[] {
  return [NODE, ...nodeFlags(name), `/app/${name}.cjs`];
}
