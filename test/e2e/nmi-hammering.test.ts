import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NodeWithPods, rawRequests, startNodeWithPods } from "../support/netns/cluster.ts";
import { type Counts, Hammering, servedPods } from "../support/netns/hammering.ts";
import { inNamespace, networkMissing } from "../support/netns/netns.ts";
import type { RunningProgram } from "../support/program.ts";
import { eventually } from "../support/time/eventually.ts";

const missing = networkMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;

const variants = [
  { variant: "nf_tables", program: "iptables-nft", awayMs: 2500 },
  { variant: "legacy", program: "iptables-legacy", awayMs: 500 },
];
/** What may happen to rules: emptied, no longer jumped to, removed, in the wrong order, all of the table gone. */
const harms = [
  "-t nat -F",
  "-t nat -F aad-metadata",
  "-t nat -D PREROUTING -j aad-metadata",
  "-t nat -D aad-metadata 1",
  "-restore", // of an empty table: no chain stays
];
/** Each pod's own token, on a new connection and on a kept one. */
const allServed = [0, 1, 2, 0, 1, 2].map((at) => `200 token-of-client-${at}`);

// Three pods ask all the time; what is done to NMI in one step is over when the next begins.
describe.skipIf(missing !== undefined).each(variants)(
  `pods that ask all the time, with rules in $variant${reason}`,
  ({ variant, program, awayMs }) => {
    let at: NodeWithPods;
    let nmi: RunningProgram;
    let hammering: Hammering;
    /** What the metadata service was asked before the first rules stood. */
    let asked: Readonly<Record<string, number>> = {};
    const onNode = (command: string, input?: string) => inNamespace(at.network.node, command, input);
    const serves = () => eventually(() => servedPods(at.pods)).toEqual(allServed);
    const startNmi = async () => {
      nmi = at.startNmi();
      await nmi.says("initialized health probe on port ");
      const port = /initialized health probe on port (\d+)/.exec(nmi.output())?.[1];
      await eventually(() => at.host.ask({ get: `http://127.0.0.1:${port}/readyz` })).toBe("200 Active");
    };
    const repairs = () => nmi.output().split("flushing iptables to add aad-metadata custom chains").length;
    const isSafe = async (counts: Counts) => {
      const { raw, wrong, late, other } = counts;
      expect({ raw, wrong, late, other }, hammering.said(counts)).toEqual({ raw: 0, wrong: 0, late: 0, other: 0 });
      expect(rawRequests(await at.askers(), asked)).toEqual([]);
    };
    /** All that pods got from the last count to the moment when all of them are served. */
    const counted = async (name: string) => {
      await serves();
      const counts = await hammering.count(`${variant}, ${name}`);
      await isSafe(counts);
      expect(counts.tokens).toBeGreaterThan(0);
      return counts;
    };

    beforeAll(async () => {
      at = await startNodeWithPods();
      await at.bind(2);
      await at.assign(2);
      // What kubelet leaves on a node: a hint at the variant, and a reason for the kernel to track connections.
      onNode(`${program} -t nat -A POSTROUTING -s 10.96.0.0/12 -j MASQUERADE`);
      onNode(`${program}-restore --noflush`, "*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n");
      hammering = new Hammering(at.pods);
      await hammering.begin();
    });
    afterAll(async () => {
      await at?.[Symbol.asyncDispose]();
    });

    it("get from the metadata service what is not theirs before NMI has come, and then no more", async () => {
      await eventually(async () => Object.keys(rawRequests(await at.askers())).length).toBe(3);
      await startNmi();
      const { raw, wrong } = await hammering.count(`${variant}, NMI starts`);
      expect(raw).toBeGreaterThan(0);
      expect(wrong).toBe(0);
      asked = await at.askers();
      await counted("NMI runs");
    });

    it.each(["SIGTERM", "SIGKILL"] as const)("are refused or served after %s, and served again", async (signal) => {
      nmi.kill(signal);
      await nmi.ended;
      await startNmi();
      const { refused } = await counted(signal);
      expect(refused).toBeGreaterThan(0);
    });

    it("are refused by nobody while one NMI takes over from another", async () => {
      const old = nmi;
      await startNmi();
      old.kill("SIGTERM");
      await old.ended;
      const { refused } = await counted("roll-out");
      expect(refused).toBe(0);
    });

    it("are refused or served while rules are taken away, and served again", async () => {
      for (const harm of harms) {
        const before = repairs();
        if (harm === "-restore") onNode(`${program}-restore`, "*nat\nCOMMIT\n");
        else onNode(`${program} ${harm}`);
        await eventually(repairs).toBeGreaterThan(before);
        await serves();
      }
      await counted("rules taken away");
    });

    it("are served while the API server cannot be reached, and when it can be again", async () => {
      const all = await at.watches();
      const refusal = `OUTPUT -o lo -p tcp --dport ${at.proxyPort} -j REJECT --reject-with tcp-reset`;
      onNode(`${program} -I ${refusal}`);
      await at.trouble("cut");
      await nmi.says("cannot follow objects of the API server");
      await new Promise((resolve) => setTimeout(resolve, awayMs)); // so long it is away, while pods ask
      expect(await at.watches()).toBe(0);
      onNode(`${program} -D ${refusal}`);
      await eventually(at.watches).toBe(all);
      const { requests, tokens } = await counted("watch cut");
      expect(tokens).toBe(requests);
    });

    it("have had no answer but theirs", async () => {
      await isSafe(await hammering.count(`${variant}, end`, "and end"));
      hammering.printTotal(variant);
    });
  },
);
