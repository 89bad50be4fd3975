import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type NodeWithPods, rawRequests, startNodeWithPods } from "../support/netns/cluster.ts";
import { Hammering, servedPods } from "../support/netns/hammering.ts";
import { inNamespace, networkMissing } from "../support/netns/netns.ts";
import type { RunningProgram } from "../support/program.ts";
import { eventually } from "../support/time/eventually.ts";

const missing = networkMissing();
const peer = process.env.PEER_NMI;
const former = peer === undefined ? "a stand-in for release 1.8.17" : "release 1.8.17";
const reason = missing === undefined ? ` (${former})` : ` (skipped: ${missing})`;
const STAND_IN = fileURLToPath(new URL("../support/netns/former.ts", import.meta.url));
/** Seldom enough that also a busy machine answers all, and often enough to see a gap of a tenth of a second. */
const EVERY_MS = 40;
const PORTS = ["8085", "9090"] as const;
const allServed = [0, 1, 2, 0, 1, 2].map((at) => `200 token-of-client-${at}`);
const BESIDE = "serving pods at another until it is free";

const variants = [
  { variant: "nf_tables", program: "iptables-nft" },
  { variant: "legacy", program: "iptables-legacy" },
];

/** The original calls the program by its short name. */
function makeIptables(program: string, folder: string): void {
  mkdirSync(folder);
  symlinkSync(execFileSync("which", [program], { encoding: "utf8" }).trim(), join(folder, "iptables"));
}

// An NMI of 1.x serves a node whose pods ask all the time; ours begins beside it, and goes on when it has gone.
describe.skipIf(missing !== undefined).each(variants)(`after an NMI of 1.x with rules in $variant${reason}`, (use) => {
  const { variant, program } = use;
  let at: NodeWithPods;
  let old: ChildProcess;
  let nmis: RunningProgram[];
  let hammering: Hammering;
  const onNode = (command: string) => inNamespace(at.network.node, command);
  const nat = () => onNode(`${program}-save -t nat`);
  const statusFile = () => join(at.deadKubeconfig, "../started");
  const serves = () => eventually(() => servedPods(at.pods)).toEqual(allServed);
  const programs = () => join(at.deadKubeconfig, "../programs");
  const startNmi = () => {
    const [probe, metrics] = PORTS;
    const nmi = at.startNmi(
      `--http-probe-port=${probe}`,
      `--prometheus-port=${metrics}`,
      `--started-file=${statusFile()}`,
    );
    nmis.push(nmi);
    return nmi;
  };
  const takesOver = async (nmi: RunningProgram) => {
    await nmi.says("listening on 127.0.0.1:2579");
    await eventually(() => at.host.ask({ get: `http://127.0.0.1:${PORTS[0]}/readyz` })).toBe("200 Active");
    await nmi.says(`exported metrics on port ${PORTS[1]}`);
    await eventually(nat).not.toContain("handover");
    await serves();
    // Once: later it would cut off what NMI itself asks the metadata service.
    expect(nmi.output().split("deleting conntrack entries")).toHaveLength(2);
    expect(nat()).toMatch(/-A PREROUTING -j aad-metadata\n[\s\S]*--to-destination 127\.0\.0\.1:2579/);
  };

  const startOld = () => {
    const [probe, metrics] = PORTS;
    const flags = [`--http-probe-port=${probe}`, `--prometheus-port=${metrics}`, "--node=node-0"];
    const itself = [peer ?? "", ...flags, `--kubelet-config=${join(at.deadKubeconfig, "../kubelet")}`];
    const command = peer === undefined ? [process.execPath, STAND_IN, program, ...PORTS] : itself;
    const PATH = `${programs()}:${process.env.PATH}`;
    const env = { ...process.env, PATH, KUBECONFIG: join(at.deadKubeconfig, "../kubeconfig") };
    return spawn("ip", ["netns", "exec", at.network.node, ...command], { stdio: ["ignore", "ignore", "inherit"], env });
  };

  beforeAll(async () => {
    at = await startNodeWithPods();
    await at.bind(2);
    await at.assign(2);
    onNode("sysctl -qw net.ipv4.conf.all.route_localnet=1"); // as kube-proxy does
    onNode(`${program} -t nat -A POSTROUTING -s 10.96.0.0/12 -j MASQUERADE`);
    onNode(`printf '*mangle\\n:KUBE-IPTABLES-HINT - [0:0]\\nCOMMIT\\n' | ${program}-restore --noflush`);
    makeIptables(program, programs());
    hammering = new Hammering(at.pods, EVERY_MS);
  });
  beforeEach(async () => {
    nmis = [];
    old = startOld();
    const newly = () => Promise.all(at.pods.map((pod) => pod.ask({ get: "token" })));
    await eventually(newly).toEqual(allServed.slice(0, 3));
    await hammering.begin();
  });
  afterEach(async () => {
    old?.kill("SIGKILL");
    for (const nmi of nmis) nmi.kill("SIGKILL");
    await Promise.all(nmis.map(({ ended }) => ended));
    await at?.startNmi("--cleanup").ended;
    for (const pod of at?.pods ?? []) await pod.ask({ count: "and end" });
  });
  afterAll(async () => {
    await at?.[Symbol.asyncDispose]();
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "pods get their tokens all the time that it takes to go by %s",
    async (signal) => {
      const asked = await at.askers();
      const nmi = startNmi();
      await nmi.says(BESIDE);
      await eventually(() => existsSync(statusFile()) && readFileSync(statusFile(), "utf8")).toMatch(/\nActive\n$/);
      await serves();
      expect(await hammering.count(`${variant}, beside 1.x`)).toMatchObject({ raw: 0, wrong: 0, refused: 0, reset: 0 });
      old.kill(signal);
      await once(old, "exit");
      await takesOver(nmi);
      const { requests, tokens, reset, late, ...lost } = await hammering.count(
        `${variant}, 1.x goes by ${signal}`,
        "and end",
      );
      expect(lost).toEqual({ refused: 0, throttled: 0, stopping: 0, unavailable: 0, raw: 0, wrong: 0, other: 0 });
      expect(requests - tokens).toBe(reset + late); // late are some where the machine is too busy, by the stand-in alone too
      expect(reset).toBeLessThan(at.pods.length * 8); // connections that were kept to the old one
      expect(rawRequests(await at.askers(), asked)).toEqual([]);
    },
  );

  it("pods have the old one's tokens again where ours goes before it, and nothing of ours stays before its rules, also when both are killed", async () => {
    const nmi = startNmi();
    await nmi.says(BESIDE);
    await eventually(nat).toContain("-A PREROUTING -j aad-metadata-handover");
    nmi.kill("SIGTERM");
    expect((await nmi.ended).code).toBe(0);
    expect([nat().includes("handover"), existsSync(statusFile())]).toEqual([false, false]);
    await serves();
    const killed = startNmi();
    await eventually(nat).toContain("-A PREROUTING -j aad-metadata-handover");
    await killed.says(BESIDE);
    killed.kill("SIGKILL");
    await killed.ended;
    const next = startNmi();
    await next.says(BESIDE);
    await serves();
    next.kill("SIGKILL");
    old.kill("SIGKILL");
    await Promise.all([next.ended, once(old, "exit")]);
    await takesOver(startNmi());
    const { raw, wrong } = await hammering.count(`${variant}, ours goes`, "and end");
    expect([raw, wrong]).toEqual([0, 0]);
  });
});
