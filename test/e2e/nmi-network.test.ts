import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NodeWithPods, rawRequests, startNodeWithPods } from "../support/netns/cluster.ts";
import { inNamespace, METADATA_ADDRESS, NODE_ADDRESS, networkMissing } from "../support/netns/netns.ts";
import type { RunningProgram } from "../support/program.ts";
import { eventually } from "../support/time/eventually.ts";

const missing = networkMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;

const variants = [
  { variant: "nf_tables", program: "iptables-nft" },
  { variant: "legacy", program: "iptables-legacy" },
];

/** What may happen to rules: emptied, no longer jumped to, removed, in the wrong order, all of the table gone. */
const harms = [
  "-t nat -F aad-metadata",
  "-t nat -D PREROUTING -j aad-metadata",
  "-t nat -F",
  "-t nat -D aad-metadata 1",
];
type Tally = Readonly<Record<string, number>>;

// One node through its life: what it shows in one step is where the next begins.
describe.skipIf(missing !== undefined).each(variants)(`NMI with rules in $variant${reason}`, ({ variant, program }) => {
  let at: NodeWithPods;
  let nmi: RunningProgram;
  /** What the metadata service was asked before NMI guarded it. */
  let asked: Tally = {};
  const other = program === "iptables-nft" ? "iptables-legacy" : "iptables-nft";
  const onNode = (command: string) => inNamespace(at.network.node, command);
  const save = (table: string) => onNode(`${program}-save -t ${table}`);
  const get = (pod: number, what: string) => at.pods[pod]?.ask<string>({ get: what });
  const token = (pod: number) => get(pod, "token");
  const probe = async (path: string) => {
    const port = /initialized health probe on port (\d+)/.exec(nmi.output())?.[1];
    return await at.host.ask<string>({ get: `http://127.0.0.1:${port}${path}` });
  };
  const metric = async (series: string) => {
    const port = /exported metrics on port (\d+)/.exec(nmi.output())?.[1];
    const page = await at.host.ask<string>({ get: `http://127.0.0.1:${port}/metrics` });
    const line = page.split("\n").find((one) => one.startsWith(`${series} `));
    return Number(line?.split(" ").at(-1));
  };
  const startNmi = async (...flags: readonly string[]) => {
    nmi = at.startNmi(...flags);
    await nmi.says("initialized health probe on port ");
    await eventually(() => probe("/readyz")).toBe("200 Active");
  };
  const stands = () =>
    /^-A aad-metadata .*DNAT/m.test(save("nat")) && save("nat").includes("-A PREROUTING -j aad-metadata");

  beforeAll(async () => {
    at = await startNodeWithPods();
    // What kubelet and kube-proxy leave on a node: a hint, and a reason for the kernel to track connections.
    onNode(`${program} -t nat -A POSTROUTING -s 10.96.0.0/12 -j MASQUERADE`);
    onNode(`printf '*mangle\\n:KUBE-IPTABLES-HINT - [0:0]\\nCOMMIT\\n' | ${program}-restore --noflush`);
  });
  afterAll(async () => {
    await at?.[Symbol.asyncDispose]();
  });

  it("the test sees it when a pod reaches the metadata service", async () => {
    expect(await token(0)).toBe("RAW 200 token-of-machine");
    expect(rawRequests(await at.askers())).toEqual(["10.244.0.2"]);
  });

  it("leaves no way to connections that are older than its rules", async () => {
    const ask = () => at.pods[0]?.ask<string>({ get: "token", isKept: true });
    const run = async (...flags: readonly string[]) => {
      await startNmi("--imds-guard=false", ...flags);
      const answers = [await ask(), await ask()];
      nmi.kill("SIGKILL");
      await nmi.ended;
      return answers;
    };
    expect(await ask()).toMatch(/^RAW/);
    expect(await run("--enable-conntrack-deletion=false")).toEqual(Array(2).fill("RAW 200 token-of-machine"));
    expect(await run()).toEqual([expect.stringMatching(/^ECONNRESET|^200 /), "200 token-of-client-0"]);
    asked = await at.askers();
  });

  it("leaves its rules where its start fails, so that no pod reaches what it was to stand before", async () => {
    at.startNmi("--cleanup");
    await eventually(() => save("nat") + save("filter")).not.toContain("aad-metadata");
    expect(await token(0)).toMatch(/^RAW/);
    const before = await at.askers();
    nmi = at.startNmi("--kubeconfig=/nowhere");
    expect((await nmi.ended).code).not.toBe(0);
    expect(nmi.output()).toContain("/nowhere");
    expect(await token(0)).toBe("ECONNREFUSED");
    expect([stands(), save("filter").includes("-A FORWARD -j aad-metadata-guard")]).toEqual([true, true]);
    asked = await at.askers();
    expect(rawRequests(asked, before)).toEqual([]);
  });

  it("guards the metadata service while it waits for an API server that is away", async () => {
    nmi = at.startNmi(`--kubeconfig=${at.deadKubeconfig}`);
    await nmi.says("initialized health probe on port ");
    await eventually(() => save("filter")).toContain("-A FORWARD -j aad-metadata-guard");
    onNode(`${program} -t nat -D PREROUTING -j aad-metadata`);
    expect(await token(0)).toBe("ECONNREFUSED");
    expect(await probe("/readyz")).toMatch(/^503 Not Active/);
    expect(await metric("aadpodidentity_nmi_serving")).toBe(0);
    nmi.kill("SIGTERM");
    expect((await nmi.ended).code).toBe(0);
    expect(rawRequests(await at.askers(), asked)).toEqual([]);
  });

  it("lays the original's three rules, where Kubernetes has its own, and what they need", async () => {
    await startNmi();
    expect(nmi.output()).toContain(`variant="${variant}"`);
    expect(onNode(`${program} -t nat -S aad-metadata`).trim().split("\n")).toEqual([
      "-N aad-metadata",
      "-A aad-metadata ! -s 127.0.0.1/32 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:2579",
      "-A aad-metadata -j RETURN",
    ]);
    expect(onNode("cat /proc/sys/net/ipv4/conf/all/route_localnet").trim()).toBe("1");
    expect(onNode(`${other}-save`)).not.toContain("aad-metadata");
  });

  it("gives each pod its own token, and none to a pod without identity", async () => {
    expect(await Promise.all([token(0), token(1)])).toEqual(["200 token-of-client-0", "200 token-of-client-1"]);
    expect(await token(2)).toMatch(/^404 .*error/);
  });

  it("leaves the node's own requests alone", async () => {
    const asked = await at.host.ask<string>({ get: `http://${METADATA_ADDRESS}/metadata/instance` });
    expect(asked).toBe(`RAW 200 {"asker":"${NODE_ADDRESS}"}`);
  });

  it("lets no pod at what listens on the node's loopback", async () => {
    onNode(`${program} -Z aad-metadata-localnet`);
    await at.pods[0]?.ask({ connectTo: { host: "127.0.0.1", port: at.apiPort } });
    const dropped = () =>
      Number(/^\[(\d+):\d+\] -A aad-metadata-localnet/m.exec(onNode(`${program}-save -c -t filter`))?.[1]);
    await eventually(dropped).toBeGreaterThan(0);
  });

  it("lays its rules again within a second when they are taken away", async () => {
    // From now on changes are heard of: nothing but them would show a harm before a minute is over.
    if (variant === "nf_tables") await nmi.says("hearing of changes of rules");
    const tookMs: number[] = [];
    // On a machine with other work a single time tells little.
    for (let round = 0; round === 0 || (round < 5 && Math.min(...tookMs) > 1000); round += 1)
      for (const harm of harms) {
        await eventually(stands).toBe(true);
        onNode(`${program} ${harm}`);
        const since = performance.now();
        await eventually(stands).toBe(true);
        tookMs.push(performance.now() - since);
      }
    process.stdout.write(`${variant}: lay again after ${tookMs.map(Math.round).join(", ")} ms\n`);
    expect(nmi.output()).toMatch(
      /W.*flushing iptables to add aad-metadata custom chains table="nat" wrong="chain aad-metadata is empty"/,
    );
    expect(Math.min(...tookMs)).toBeLessThan(1000);
    const repairs = () => metric('aadpodidentity_nmi_iptables_repairs_count{table="nat"}');
    await eventually(repairs).toBeGreaterThanOrEqual(harms.length);
  });

  it("lets redirected requests in again within a second when that is turned off, and says so", async () => {
    const repairs = () => metric('aadpodidentity_nmi_iptables_repairs_count{table="nat"}');
    const before = await repairs();
    onNode("sysctl -qw net.ipv4.conf.all.route_localnet=0");
    const since = performance.now();
    await eventually(() => onNode("cat /proc/sys/net/ipv4/conf/all/route_localnet").trim()).toBe("1");
    expect(performance.now() - since).toBeLessThan(2000); // the machine may have other work
    await nmi.says(/W.*somebody set net.ipv4.conf.all.route_localnet to 0/);
    await eventually(repairs).toBe(before + 1);
    expect(await token(0)).toBe("200 token-of-client-0");
  });

  it("comes before a rule that lets pods at the metadata service, each time", async () => {
    for (const [table, hook] of [
      ["nat", "PREROUTING"],
      ["filter", "FORWARD"],
    ]) {
      onNode(`${program} -t ${table} -I ${hook} -d ${METADATA_ADDRESS} -p tcp -j ACCEPT`);
      const isBehind = () => new RegExp(`-j aad-metadata[^]*-A ${hook} -d ${METADATA_ADDRESS}`).test(save(`${table}`));
      await eventually(isBehind).toBe(true);
      onNode(`${program} -t ${table} -D ${hook} -d ${METADATA_ADDRESS} -p tcp -j ACCEPT`);
    }
    await eventually(() => probe("/readyz")).toBe("200 Active");
    expect(await token(0)).toBe("200 token-of-client-0");
  });

  it("puts the guards back too", async () => {
    onNode(`${program} -t filter -F`);
    await eventually(() => save("filter")).toMatch(
      /-A FORWARD -j aad-metadata-guard[\s\S]*-A aad-metadata-guard .* REJECT/,
    );
    expect(save("filter")).toMatch(/-A INPUT -j aad-metadata-localnet[\s\S]*-A aad-metadata-localnet .* DROP/);
  });

  it("tells whoever cleans up that it runs, and stays", async () => {
    const { code, stderr } = await at.startNmi("--cleanup").ended;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/the rules are back, since NMI runs on this node: stop it/),
    ]);
    await eventually(() => probe("/readyz")).toBe("200 Active");
    expect(await token(0)).toBe("200 token-of-client-0");
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "keeps pods from the metadata service after %s, and serves them again",
    async (signal) => {
      nmi.kill(signal);
      expect((await nmi.ended).code).toBe(signal === "SIGTERM" ? 0 : null);
      expect(await token(0)).toBe("ECONNREFUSED");
      onNode(`${program} -t nat -F aad-metadata`);
      expect(await token(0)).toBe("ECONNREFUSED");
      if (signal === "SIGTERM") expect(nmi.output()).toContain("run `nmi --cleanup`");
      await startNmi();
      expect(await token(0)).toBe("200 token-of-client-0");
    },
  );

  it("says what to set where it cannot let redirected requests in", async () => {
    onNode("sysctl -qw net.ipv4.conf.all.route_localnet=0");
    nmi.kill("SIGTERM");
    await nmi.ended;
    nmi = at.startNmi("--proc-sys-net=/nowhere");
    await nmi.says("initialized health probe on port ");
    await eventually(() => probe("/readyz")).toMatch(/^503 Not Active: .*sysctl -w net.ipv4.conf.all.route_localnet=1/);
    expect(await probe("/healthz")).toBe("200 Not Active");
    expect(await metric("aadpodidentity_nmi_serving")).toBe(0);
    onNode("sysctl -qw net.ipv4.conf.all.route_localnet=1");
    nmi.kill("SIGKILL");
    await nmi.ended;
  });

  it("takes its guard away again when told to do without", async () => {
    expect(save("filter")).toContain("aad-metadata-guard");
    await startNmi("--imds-guard=false");
    expect(save("filter")).not.toContain("aad-metadata-guard");
    nmi.kill("SIGTERM");
    await nmi.ended;
    await startNmi();
    nmi.kill("SIGTERM");
    await nmi.ended;
  });

  it("follows one that has another port without a fight for the rules, and soon after that stops it has them", async () => {
    await startNmi();
    const before = nmi;
    await startNmi("--nmi-port=2580");
    await eventually(() => token(0)).toBe("200 token-of-client-0");
    before.kill("SIGTERM");
    expect((await before.ended).code).toBe(0);
    await eventually(() => save("nat")).toContain("--to-destination 127.0.0.1:2580");
    expect(await token(0)).toBe("200 token-of-client-0");
    for (const one of [before, nmi]) expect(one.output().match(/flushing iptables/g)?.length ?? 0).toBeLessThan(8);
    expect(nmi.output()).not.toContain("not intercepted as they should be");
    nmi.kill("SIGTERM");
    await nmi.ended;
  });

  it("can be cleaned up by hand with the documented commands, and refuses pods until the guard is gone too", async () => {
    for (const command of ["-D PREROUTING -j aad-metadata", "-F aad-metadata", "-X aad-metadata"]) {
      onNode(`${program} -t nat ${command}`);
    }
    expect(await token(0)).toBe("ECONNREFUSED");
    await startNmi();
    expect(await token(0)).toBe("200 token-of-client-0");
    nmi.kill("SIGTERM");
    await nmi.ended;
    expect(rawRequests(await at.askers(), asked)).toEqual([]);
  });

  it("leaves no rule behind when told to clean up, and says what it removed", async () => {
    onNode(`${other} -t nat -N aad-metadata; ${other} -t nat -A PREROUTING -j aad-metadata`);
    const cleaning = at.startNmi("--cleanup");
    const { code, stderr } = await cleaning.ended;
    expect(code, stderr).toBe(0);
    for (const chain of ["aad-metadata", "aad-metadata-guard", "aad-metadata-localnet"]) {
      expect(stderr).toContain(`removed chain ${chain} `);
    }
    expect(onNode("iptables-nft-save; iptables-legacy-save")).not.toContain("aad-metadata");
    expect(await token(0)).toBe("RAW 200 token-of-machine");
    const again = await at.startNmi("--cleanup").ended;
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("no iptables rules of NMI")]);
  });
});
