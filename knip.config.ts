import type { KnipConfig } from "knip";

// Programs begin at src/bin; the tools are called by npm and by continuous integration.
const config: KnipConfig = {
  entry: [
    "src/bin/{mic,nmi,demo,podid,identityvalidator,simple}.ts",
    "tools/*.{ts,mjs}",
    "tools/images/make.ts",
    "test/cluster/{main,start}.ts",
    "test/cluster/support/azure-stand-in.ts",
    "test/cluster/upgrade/{arm-log,ask}.ts",
    "bench/{run,scale-server,nmi-api,nmi-bare,nmi-client,nmi-imds,sandbox-server}.ts",
  ],
  project: ["src/**/*.ts", "test/**/*.ts", "tools/**/*.{ts,mjs}", "bench/**/*.ts"],
  ignoreBinaries: ["go", "ip", "iptables-save", "nft", "nsenter", "script", "unshare"], // looked for, and done without where they are missing
};

export default config;
