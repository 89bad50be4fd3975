import { describe, expect, it } from "vitest";
import { readConfig } from "../../base/options.ts";
import { addressProblems } from "./addresses.ts";
import { nmiOptions } from "./options.ts";

const problems = (...argv: readonly string[]) => addressProblems(readConfig("nmi", nmiOptions, argv, {}).config);
const skip = "--skip-iptables";

describe("addresses", () => {
  it.each([
    [],
    ["--metadata-ip=10.0.0.4", "--nmi-listen-address=10.240.0.4"],
    ["--nmi-listen-address=0.0.0.0"],
    ["--metadata-ip=127.0.0.1", "--nmi-listen-address=127.0.0.2", skip],
    ["--nmi-listen-address=::1", skip],
    ["--nmi-listen-address=::", skip],
  ])("are right: %s %s %s", (...argv) => expect(problems(...argv)).toEqual([]));

  it.each([
    { argv: ["--metadata-ip=imds.local", skip], says: /^--metadata-ip=imds\.local is no IPv4 address: .*169\.254/ },
    { argv: ["--metadata-ip=::1", skip], says: /^--metadata-ip=::1 is no IPv4 address: / },
    { argv: ["--metadata-ip=", skip], says: /^--metadata-ip= is no IPv4 address: / },
    { argv: ["--metadata-ip=169.254.169.254/32"], says: /^--metadata-ip=169\.254\.169\.254\/32 is no IPv4/ },
    { argv: ["--metadata-ip=0.0.0.0"], says: /^--metadata-ip=0\.0\.0\.0 is no machine's address: / },
    { argv: ["--metadata-ip=0.1.2.3", skip], says: /is no machine's address: / },
    { argv: ["--metadata-ip=224.0.0.1", skip], says: /is no machine's address: / },
    { argv: ["--metadata-ip=255.255.255.255"], says: /is no machine's address: / },
    { argv: ["--metadata-ip=127.0.0.1"], says: /^--metadata-ip=127\.0\.0\.1 is every pod's own: .*--skip-iptables/ },
    { argv: ["--nmi-listen-address=foo"], says: /^--nmi-listen-address=foo is no IPv4 address: .*0\.0\.0\.0/ },
    { argv: ["--nmi-listen-address=foo", skip], says: /^--nmi-listen-address=foo is no IP address: / },
    { argv: ["--nmi-listen-address=::1"], says: /^--nmi-listen-address=::1 is no IPv4 address: / },
    { argv: ["--nmi-listen-address=239.1.1.1"], says: /^--nmi-listen-address=239\.1\.1\.1 is no machine's address: / },
    { argv: ["--nmi-listen-address=ff02::1", skip], says: /^--nmi-listen-address=ff02::1 is no machine's address: / },
  ])("that cannot work are told in a sentence: $argv", ({ argv, says }) => {
    expect(problems(...argv)).toEqual([expect.stringMatching(says)]);
  });
});
