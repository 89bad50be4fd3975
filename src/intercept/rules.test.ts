import { describe, expect, it } from "vitest";
import { driftOf } from "./drift.ts";
import { removalText, repairText } from "./restore-text.ts";
import { guardChain, localnetChain, redirectAddress, redirectChain } from "./rules.ts";
import { readSaved } from "./saved.ts";

const metadata = { address: "169.254.169.254", port: 80 };
const redirect = redirectChain(metadata, { address: "127.0.0.1", port: 2579 });
const dnat =
  "-A aad-metadata ! -s 127.0.0.1/32 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:2579";
const back = "-A aad-metadata -j RETURN";
const jump = "-A PREROUTING -j aad-metadata";
const kube = '-A PREROUTING -m comment --comment "kubernetes -j aad-metadata \\"x\\"" -j KUBE-SERVICES';

function nat(...lines: readonly string[]) {
  const text = ["# Generated", "*nat", ":PREROUTING ACCEPT [0:0]", ":aad-metadata - [0:0]", ...lines, "COMMIT", ""];
  return readSaved(text.join("\n"))("nat");
}

describe("the redirection is as it should be", () => {
  it.each([
    { when: "alone", lines: [jump, dnat, back] },
    { when: "before what others have", lines: [jump, kube, dnat, back] },
  ])("$when", ({ lines }) => {
    expect(driftOf(redirect, nat(...lines))).toBeUndefined();
  });
});

describe("what is wrong is told in words", () => {
  it.each([
    { when: "the chain was flushed", lines: [jump], wrong: ["chain aad-metadata is empty"] },
    {
      when: "RETURN comes first",
      lines: [jump, back, dnat],
      wrong: ["the rules of aad-metadata are in the wrong order"],
    },
    { when: "a rule stands twice", lines: [jump, dnat, dnat, back], wrong: [/holds ".*DNAT.*" more than once/] },
    { when: "a rule is missing", lines: [jump, dnat], wrong: ['aad-metadata lacks "-j RETURN"'] },
    {
      when: "somebody put one behind them",
      lines: [jump, dnat, back, "-A aad-metadata -j ACCEPT"],
      wrong: [/holds "-j ACCEPT"/],
    },
    {
      when: "somebody put one in",
      lines: [jump, "-A aad-metadata -j ACCEPT", dnat, back],
      wrong: [/holds "-j ACCEPT"/],
    },
    {
      when: "it goes elsewhere",
      lines: [jump, dnat.replace("2579", "2580"), back],
      wrong: [/lacks/, /holds.*2580/],
      harm: "rival",
    },
    { when: "nothing jumps to it", lines: [kube, dnat, back], wrong: ["PREROUTING does not jump to aad-metadata"] },
    {
      when: "it is jumped to on a condition",
      lines: ["-A PREROUTING -s 10.0.0.0/8 -j aad-metadata", dnat, back],
      wrong: ["PREROUTING does not jump to aad-metadata"],
    },
    { when: "it is jumped to twice", lines: [jump, jump, dnat, back], wrong: [/jumps to aad-metadata 2 times/] },
  ])("$when", ({ lines, wrong, harm = "broken" }) => {
    const drift = driftOf(redirect, nat(...lines));
    expect(drift?.wrong).toHaveLength(wrong.length);
    for (const [at, expected] of wrong.entries()) expect(drift?.wrong[at]).toMatch(expected);
    expect(drift?.harm).toBe(harm);
  });

  const elsewhere = dnat.replace("2579", "2580");
  it.each([
    { when: "another NMI has it", lines: [jump, elsewhere, back], harm: "rival" },
    { when: "another NMI has it, and others come first", lines: [kube, jump, elsewhere, back], harm: "rival" },
    { when: "another NMI's is not jumped to", lines: [elsewhere, back], harm: "broken" },
    { when: "another NMI's is not whole", lines: [jump, elsewhere], harm: "broken" },
    { when: "another NMI's stands beside", lines: [jump, elsewhere, dnat, back], harm: "broken" },
    {
      when: "it redirects to another machine",
      lines: [jump, dnat.replace("127.0.0.1:2579", "10.9.9.9:2579"), back],
      harm: "broken",
    },
    { when: "it redirects to no port", lines: [jump, dnat.replace(":2579", ""), back], harm: "broken" },
    {
      when: "it is for other packets",
      lines: [jump, elsewhere.replace("--dport 80", "--dport 81"), back],
      harm: "broken",
    },
  ])("whose rules stand there: $when", ({ lines, harm }) => {
    expect(driftOf(redirect, nat(":KUBE-SERVICES - [0:0]", ...lines))).toMatchObject({
      harm,
      ...(harm === "rival" && { rivalPort: 2580, ownPort: 2579 }),
    });
  });

  it("the chain is not there", () => {
    expect(driftOf(redirect, readSaved("")("nat"))?.wrong).toEqual([
      "chain aad-metadata is missing",
      "PREROUTING does not jump to aad-metadata",
    ]);
  });

  const accept = "-A PREROUTING -d 169.254.169.254/32 -p tcp -j ACCEPT";
  it.each([
    { which: "lets packets pass", before: [kube], told: /^PREROUTING comes to .*KUBE-SERVICES/, harm: "late" },
    {
      which: "decides",
      before: [accept],
      told: /comes to ".* -j ACCEPT" before it .* aad-metadata$/,
      harm: "overruled",
    },
    { which: "decides, after one that does not", before: [kube, accept], told: /-j ACCEPT/, harm: "overruled" },
  ])("another rule comes first, which may or may not matter: one that $which", ({ before, told, harm }) => {
    const chains = ":KUBE-SERVICES - [0:0]";
    expect(driftOf(redirect, nat(chains, ...before, jump, dnat, back))).toMatchObject({
      wrong: [expect.stringMatching(told)],
      harm,
    });
  });
});

it("another rule comes first, before what keeps loopback: one that decides harms no request of pods", () => {
  const localnet = localnetChain();
  const lines = ["-A INPUT -j ACCEPT", `-A INPUT -j ${localnet.name}`, `-A ${localnet.name} ${localnet.rules[0]}`];
  const saved = readSaved(["*filter", `:${localnet.name} - [0:0]`, ...lines, "COMMIT"].join("\n"))("filter");
  expect(driftOf(localnet, saved)).toMatchObject({
    wrong: [expect.stringMatching(/"-j ACCEPT" before/)],
    harm: "late",
  });
});

it("chains are put right in one commit, whatever jumps there were", () => {
  const saved = nat(kube, jump, "-A PREROUTING -s 10.0.0.0/8 -j aad-metadata", back);
  const drift = driftOf(redirect, saved);
  expect(repairText("nat", drift === undefined ? [] : [drift]).split("\n")).toEqual([
    "*nat",
    ":aad-metadata - [0:0]",
    dnat,
    back,
    "-D PREROUTING -j aad-metadata",
    "-D PREROUTING -s 10.0.0.0/8 -j aad-metadata",
    "-I PREROUTING 1 -j aad-metadata",
    "COMMIT",
    "",
  ]);
});

it("chains are removed with every jump to them, and nothing else", () => {
  const saved = nat(kube, jump, jump, "-A OUTPUT -g aad-metadata", dnat, back);
  expect(removalText("nat", ["aad-metadata"], saved)).toEqual({
    chains: ["aad-metadata"],
    text: [
      "*nat",
      "-D PREROUTING -j aad-metadata",
      "-D PREROUTING -j aad-metadata",
      "-D OUTPUT -g aad-metadata",
      "-F aad-metadata",
      "-X aad-metadata",
      "COMMIT",
      "",
    ].join("\n"),
  });
  expect(removalText("nat", ["aad-metadata"], readSaved("")("nat"))).toBeUndefined();
});

it("the guards follow what is guarded", () => {
  expect(guardChain({ address: "10.0.0.9", port: 81 }).rules).toEqual([
    "-d 10.0.0.9/32 -p tcp -m tcp --dport 81 -j REJECT --reject-with tcp-reset",
  ]);
  expect([guardChain(metadata).hook, localnetChain().hook]).toEqual(["FORWARD", "INPUT"]);
});

it("requests go to loopback where NMI listens on every address", () => {
  expect(redirectAddress("0.0.0.0")).toBe("127.0.0.1");
  expect(redirectAddress("10.240.0.4")).toBe("10.240.0.4");
});
