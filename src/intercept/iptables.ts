import { Fault } from "../base/fault.ts";
import type { RunCommand } from "./command.ts";
import type { Table } from "./rules.ts";
import { readSaved, type SavedTable } from "./saved.ts";

/** The two ways in which a kernel keeps rules; both decide about packets, and neither shows the other's. */
export type Variant = "nf_tables" | "legacy";

export type Iptables = {
  readonly variant: Variant;
  /** Every table as it is. @throws Fault IPTABLES_FAILED */
  read(): Promise<(table: Table) => SavedTable>;
  /** Changes a table by a text of `iptables-restore`, all of it or nothing. @throws Fault IPTABLES_FAILED */
  change(text: string): Promise<void>;
};

/** How long one run waits for another program that changes rules. */
const LOCK_WAIT_SECONDS = 5;

/** iptables by the name of its program: `iptables`, `iptables-nft` or `iptables-legacy`. */
export function iptablesOf(program: string, variant: Variant, run: RunCommand): Iptables {
  const call = async (tool: "save" | "restore", args: readonly string[], input?: string) => {
    const name = `${program}-${tool}`;
    const ran = await run(name, args, input);
    if (ran?.code !== 0) throw failure(name, ran);
    return ran.stdout;
  };
  return {
    variant,
    read: async () => readSaved(await call("save", [])), // naming a table would make a kernel have it
    change: async (text) => {
      await call("restore", ["--noflush", "--wait", String(LOCK_WAIT_SECONDS)], text);
    },
  };
}

const REMEDIES = [
  { sign: /open lock file/i, remedy: "NMI needs /run/xtables.lock of the node", isLasting: true },
  {
    sign: /holding the xtables lock/i,
    remedy: "`fuser -v /run/xtables.lock` on the node tells which program that is",
    isLasting: false,
  },
  {
    sign: /permission denied|not permitted/i,
    remedy: "give NMI the capabilities NET_ADMIN and NET_RAW",
    isLasting: true,
  },
  {
    sign: /extension|revision|no such file|incompatible/i,
    remedy: "the node's kernel may lack a module of netfilter",
    isLasting: true,
  },
];

/** Whether a failure to read or change rules stays as long as nobody changes the node. */
export function isLasting({ message }: Fault): boolean {
  return REMEDIES.find(({ sign }) => sign.test(message))?.isLasting ?? false;
}

function failure(name: string, ran: Awaited<ReturnType<RunCommand>>): Fault {
  if (ran === undefined) return new Fault("IPTABLES_FAILED", `${name} is not there any more: install iptables`);
  const lines = ran.stderr.trim().split("\n");
  const known = REMEDIES.find(({ sign }) => sign.test(ran.stderr));
  const said = (lines.find((line) => known?.sign.test(line)) ?? lines[0] ?? "").replace(/\.$/, "");
  const end = ran.code === null ? "did not end in time" : `ended with ${ran.code}`;
  const remedy = known?.remedy;
  const what = [`${name} ${end}`, said].filter((part) => part !== "").join(": ");
  return new Fault("IPTABLES_FAILED", remedy === undefined ? what : `${what}; ${remedy}`);
}
