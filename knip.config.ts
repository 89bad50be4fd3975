import type { KnipConfig } from "knip";

// Programs begin at src/bin; the tools are called by npm and by continuous integration.
const config: KnipConfig = {
  entry: ["src/bin/{mic,nmi,demo,podid}.ts", "tools/*.{ts,mjs}", "bench/{run,scale-server}.ts"],
  project: ["src/**/*.ts", "test/**/*.ts", "tools/**/*.{ts,mjs}", "bench/**/*.ts"],
  ignoreBinaries: ["go", "ip", "nft"], // looked for, and done without where they are missing
};

export default config;
