import { BlockList, isIP, isIPv4 } from "node:net";
import type { NmiConfig } from "./options.ts";

type Settings = Pick<NmiConfig, "metadataAddress" | "listenAddress" | "skipIptables">;

/** Addresses that no single machine has: "this network", groups, and those above them, with the one of all machines. */
const nobodys = new BlockList();
nobodys.addSubnet("0.0.0.0", 8, "ipv4");
nobodys.addSubnet("224.0.0.0", 3, "ipv4");
nobodys.addSubnet("ff00::", 8, "ipv6");

const EVERY_ADDRESS = "0.0.0.0";

/**
 * What is wrong with the addresses, a sentence each. Rules for one that no pod sends to would stand in nobody's way: NMI
 * would say that it serves while pods reach the metadata service past it.
 */
export function addressProblems({ metadataAddress, listenAddress, skipIptables }: Settings): readonly string[] {
  return [...metadataProblems(metadataAddress, skipIptables), ...listenProblems(listenAddress, skipIptables)];
}

function metadataProblems(address: string, isOthersWork: boolean): readonly string[] {
  const flag = `--metadata-ip=${address}`;
  const give = "give the one of the instance metadata service, which in Azure is 169.254.169.254";
  if (!isIPv4(address)) return [`${flag} is no IPv4 address: ${give}`];
  if (isNobodys(address)) return [`${flag} is no machine's address: ${give}`];
  if (isOthersWork || !address.startsWith("127.")) return [];
  return [`${flag} is every pod's own: ${give}, or leave the redirection to something else with --skip-iptables`];
}

function listenProblems(address: string, isOthersWork: boolean): readonly string[] {
  const flag = `--nmi-listen-address=${address}`;
  const give = "give 127.0.0.1, an address of the node, or 0.0.0.0 for all of them";
  const isAddress = isOthersWork ? isIP(address) > 0 : isIPv4(address); // rules redirect by IPv4
  if (!isAddress) return [`${flag} is no ${isOthersWork ? "IP" : "IPv4"} address: ${give}`];
  return address !== EVERY_ADDRESS && isNobodys(address) ? [`${flag} is no machine's address: ${give}`] : [];
}

function isNobodys(address: string): boolean {
  return nobodys.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}
