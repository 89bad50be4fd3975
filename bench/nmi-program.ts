import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../test/support/netns/netns.ts";
import { nodeFlags } from "../tools/programs.ts";
import { Measured } from "./measured.ts";
import { monotonicMs } from "./monotonic.ts";
import { NODE } from "./nmi-objects.ts";
import type { NmiPlace } from "./nmi-place.ts";

/** An NMI to measure, or what stands in its place. */
export type NmiProgram = {
  readonly name: string;
  command(place: NmiPlace, ports: Ports): readonly string[];
  /** What the node must have that the program does not see to. */
  furnish(place: NmiPlace): void;
  /** What it answers once it serves pods, on the node's loopback. */
  ready(ports: Ports): { readonly url: string; readonly body: string };
};
/** Other ones for one of two that run at the same time, to tell them apart. */
type Ports = { readonly probes: number; readonly metrics: number };
/** With the time from its start until it served pods. */
export type RunningNmi = { readonly nmi: Measured; readonly readyMs: number };

const USUAL_PORTS: Ports = { probes: 8085, metrics: 9090 };
const LISTENS_AT = "127.0.0.1:2579";
/** All that NMI has of root's powers where charts deploy it. */
const LEAST = ["setpriv", "--bounding-set=-all,+net_admin,+net_raw"];
/** What a program prints goes through a pipe, as in a container; the last of it is told at its end. */
const PIPED = ["bash", "-c", 'exec "$@" 2> >(exec tail -c 4000 >&2)', "bash"];
/** With another /run, as a container has it. */
const CONTAINED = ["sh", "-ec", 'mount --bind "$0" /run; exec "$@"'];
const RULES = `*nat
:aad-metadata - [0:0]
-A aad-metadata ! -s 127.0.0.1/32 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${LISTENS_AT}
-A aad-metadata -j RETURN
-I PREROUTING 1 -j aad-metadata
COMMIT
`;

/** Our own NMI, as `npm run build` made it. */
export const ours: NmiProgram = {
  name: "nmi",
  command: (_place, ports) => [...LEAST, ...PIPED, join(import.meta.dirname, "../bin/nmi"), ...flags(ports)],
  furnish: () => {},
  ready: ({ probes }) => ({ url: `http://127.0.0.1:${probes}/readyz`, body: "Active" }),
};

/** The original's binary at that path. */
export function original(file: string): NmiProgram {
  return {
    name: "original",
    command: (_place, ports) => [...PIPED, file, ...flags(ports)],
    furnish: allowRedirect,
    ready: ({ probes }) => ({ url: `http://127.0.0.1:${probes}/healthz`, body: "Active" }),
  };
}

export const bareName = "bare server";

/** A bare server of Node that answers these bytes, behind the same redirection. */
export function bare(body: string): NmiProgram {
  return {
    name: bareName,
    command: ({ folder }) => [process.execPath, join(import.meta.dirname, "nmi-bare.ts"), join(folder, "body")],
    furnish: (place) => {
      writeFileSync(join(place.folder, "body"), body);
      redirectPods(place);
    },
    ready: () => ({ url: `http://${LISTENS_AT}`, body: "" }),
  };
}

/** A relay of Node that asks the metadata service whatever it is asked, with NMI's flags behind the same redirection. */
export const relay: NmiProgram = {
  name: "relay",
  command: () => [process.execPath, ...nodeFlags("nmi"), join(import.meta.dirname, "nmi-relay.cjs")],
  furnish: redirectPods,
  ready: () => ({ url: `http://${LISTENS_AT}/metadata/identity/oauth2/token?client_id=none`, body: "" }),
};

/** Starts one on the node and waits until it serves pods. Whoever asked disposes of it. */
export async function startNmi(program: NmiProgram, place: NmiPlace, ports = USUAL_PORTS): Promise<RunningNmi> {
  program.furnish(place);
  const startedMs = monotonicMs();
  const api = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: place.apiPort };
  const command = ["netns", "exec", place.node, ...CONTAINED, place.run, ...program.command(place, ports)];
  const nmi = new Measured("ip", command, { PATH: process.env.PATH ?? "", ...api });
  const { url, body } = program.ready(ports);
  try {
    const ready = await Promise.race([place.host.ask({ until: { url }, status: 200, body }), nmi.endedEarly()]);
    return { nmi, readyMs: ready.endMs - startedMs };
  } catch (reason) {
    await nmi[Symbol.asyncDispose]();
    throw reason;
  }
}

function flags({ probes, metrics }: Ports): readonly string[] {
  const ports = [`--http-probe-port=${probes}`, `--prometheus-port=${metrics}`];
  return [`--node=${NODE}`, "--kubelet-config=/dev/null", ...ports];
}

function redirectPods(place: NmiPlace): void {
  allowRedirect(place);
  inNamespace(place.node, "iptables-restore --noflush", RULES);
}

function allowRedirect({ node }: NmiPlace): void {
  inNamespace(node, "sysctl -qw net.ipv4.conf.all.route_localnet=1");
}
