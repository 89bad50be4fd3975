import { describe, expect, it } from "vitest";
import { mayDecide } from "./precedence.ts";
import { guardChain, localnetChain, redirectChain } from "./rules.ts";

const metadata = { address: "169.254.169.254", port: 80 };
const chains = {
  redirect: redirectChain(metadata, { address: "127.0.0.1", port: 2579 }),
  guard: guardChain(metadata),
  localnet: localnetChain(),
};
const saved = { chains: new Set(["PREROUTING", "KUBE-SERVICES", "cali-PREROUTING", "DOCKER"]), rules: [] };
const decides = (text: string, before: keyof typeof chains) =>
  mayDecide({ chain: chains[before].hook, text }, chains[before], saved);

describe("a rule before a chain of NMI's may take its packets", () => {
  it.each([
    { rule: "-d 169.254.169.254/32 -p tcp -j ACCEPT", before: "redirect" },
    { rule: "-d 169.254.169.254/32 -p tcp -j ACCEPT", before: "guard" },
    { rule: "-j ACCEPT", before: "redirect" },
    { rule: "-s 10.244.0.0/16 -j ACCEPT", before: "guard" },
    { rule: "-d 169.254.0.0/16 -j DNAT --to-destination 10.0.0.9:80", before: "redirect" },
    { rule: "-d 0.0.0.0/0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080", before: "redirect" },
    { rule: "! -d 10.0.0.0/8 -j RETURN", before: "redirect" },
    { rule: "-d 169.0.169.254/255.0.255.255 -j ACCEPT", before: "redirect" },
    { rule: "! -d 169.0.169.254/255.0.255.255 -j ACCEPT", before: "redirect" },
    { rule: "! -p udp -j ACCEPT", before: "redirect" },
    { rule: "-p tcp -m tcp ! --dport 443 -j ACCEPT", before: "redirect" },
    { rule: "-p tcp -m multiport --dports 22,79:81 -j ACCEPT", before: "redirect" },
    { rule: "! -i lo -j ACCEPT", before: "redirect" },
    { rule: "-m conntrack --ctstate NEW,RELATED -j ACCEPT", before: "guard" },
    { rule: "-m conntrack ! --ctstate ESTABLISHED -j ACCEPT", before: "guard" },
    { rule: "-j SOMETHING --of-tomorrow", before: "redirect" },
    { rule: "-g DOCKER", before: "redirect" },
    { rule: "-d 169.254.169.254/32 -j DROP", before: "redirect" },
    { rule: "-d 127.0.0.2/32 -p udp -j ACCEPT", before: "localnet" },
    { rule: "-p tcp -m tcp --dport 22 -j ACCEPT", before: "localnet" },
  ] as const)("$rule before $before", ({ rule, before }) => {
    expect(decides(rule, before)).toBe(true);
  });

  it.each([
    { rule: '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES', before: "redirect" },
    { rule: '-m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING', before: "redirect" },
    { rule: "-m addrtype --dst-type LOCAL -j DOCKER", before: "redirect" },
    { rule: '-m comment --comment "or -j ACCEPT" -j KUBE-SERVICES', before: "redirect" },
    { rule: "-d 169.254.169.254/32", before: "redirect" },
    { rule: "-j LOG --log-prefix pods", before: "redirect" },
    { rule: "-j MARK --set-xmark 0x4000/0x4000", before: "guard" },
    { rule: "-d 10.0.0.0/8 -j ACCEPT", before: "redirect" },
    { rule: "-d 169.254.169.253/32 -j DNAT --to-destination 10.0.0.9", before: "redirect" },
    { rule: "! -d 169.254.0.0/16 -j ACCEPT", before: "redirect" },
    { rule: "-p udp -j ACCEPT", before: "redirect" },
    { rule: "! -p tcp -j ACCEPT", before: "redirect" },
    { rule: "-p tcp -m tcp --dport 443 -j REDIRECT --to-ports 8443", before: "redirect" },
    { rule: "-p tcp -m tcp ! --dport 80 -j ACCEPT", before: "redirect" },
    { rule: "-p tcp -m multiport --dports 22,443:8080 -j ACCEPT", before: "redirect" },
    { rule: "-i lo -j ACCEPT", before: "localnet" },
    { rule: "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", before: "guard" },
    { rule: "-m state --state ESTABLISHED -j ACCEPT", before: "localnet" },
    { rule: "-d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP", before: "guard" },
    { rule: "-s 10.244.0.9/32 -j REJECT --reject-with icmp-port-unreachable", before: "guard" },
  ] as const)("but not $rule before $before", ({ rule, before }) => {
    expect(decides(rule, before)).toBe(false);
  });
});
