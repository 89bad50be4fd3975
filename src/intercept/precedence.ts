import type { Chain, Traffic } from "./rules.ts";
import { type Condition, conditionsOf, type SavedRule, type SavedTable } from "./saved.ts";

/** What lets a packet go on to the next rule. */
const PASSING =
  /^(AUDIT|CHECKSUM|CLASSIFY|CONNMARK|CONNSECMARK|DSCP|ECN|HL|IDLETIMER|LED|LOG|MARK|NFLOG|RATEEST|SECMARK|SET|TCPMSS|TCPOPTSTRIP|TEE|TOS|TRACE|TTL|ULOG)$/;
/** What refuses a packet, which in `filter` takes no more from anybody than the chains of NMI do. */
const REFUSING = /^(DROP|REJECT|TARPIT)$/;
const SETTLED = /^(RELATED|ESTABLISHED)(,(RELATED|ESTABLISHED))*$/;

/**
 * Whether a rule that comes before a chain of ours may decide about packets that are the chain's. A jump to another chain
 * does not count: kube-proxy, Calico and Cilium each have one first, from which these packets come back. `-g` does, since
 * nothing comes back to the hook from there. A condition that is not known is taken to hold.
 */
export function mayDecide(rule: SavedRule, { table, traffic }: Chain, saved: SavedTable): boolean {
  const conditions = conditionsOf(rule);
  const target = conditions.find(({ option }) => option === "-j" || option === "-g");
  if (target === undefined) return false;
  const jumps = target.option === "-j" && saved.chains.has(target.value);
  if (jumps || PASSING.test(target.value) || (table === "filter" && REFUSING.test(target.value))) return false;
  return !conditions.some((condition) => excludes(condition, traffic));
}

/** Whether none of the packets fulfils this condition. */
function excludes({ option, value, isNot }: Condition, { destination, port }: Traffic): boolean {
  switch (option) {
    case "-d":
      if (!isNetwork(value)) return false;
      return isNot ? holds(value, destination) : !holds(value, destination) && !holds(destination, value);
    case "-p":
      return port !== undefined && (value === "tcp" || value === "all") === isNot;
    case "--dport":
    case "--dports":
      return port !== undefined && hasPort(value, port) === isNot;
    case "-i":
      return value === "lo" && !isNot; // what these chains are for comes from outside
    case "--ctstate":
    case "--state":
      return !isNot && SETTLED.test(value); // of connections that a chain of ours has let begin
    default:
      return false;
  }
}

function hasPort(ports: string, port: number): boolean {
  return ports.split(",").some((range) => {
    const [from = "", to = from] = range.split(":");
    return Number(from) <= port && port <= Number(to);
  });
}

/** Whether it is one row of addresses; a mask such as `255.0.255.255` picks some here and there, which nobody needs compared. */
function isNetwork(text: string): boolean {
  return !Number.isNaN(networkOf(text).bits);
}

/** Whether all addresses of the second network, as `10.0.0.0/8`, are in the first. */
function holds(outer: string, inner: string): boolean {
  const [of, is] = [networkOf(outer), networkOf(inner)];
  if (of.bits > is.bits) return false;
  return of.bits === 0 || (of.address ^ is.address) >>> (32 - of.bits) === 0;
}

function networkOf(text: string): { readonly address: number; readonly bits: number } {
  const [address = "", bits = "32"] = text.split("/");
  return { address: address.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0), bits: Number(bits) };
}
