import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";

/** Nobody tells of a change; to read a file of the kernel costs next to nothing. */
const LOOK_MS = 500;

type RouteLocalnetOptions = {
  /** The node's /proc/sys/net: a container without privileges sees its own read-only. */
  readonly folder: string;
  readonly log: Log;
  /** The setting, once right, was put right. */
  readonly onRepair: () => void;
};

/** The setting that lets packets in which were redirected to loopback; a kernel refuses them by itself. */
export class RouteLocalnet {
  readonly #options: RouteLocalnetOptions;
  readonly #file: string;
  #hasStood = false;
  #stands = false;

  constructor(options: RouteLocalnetOptions) {
    this.#options = options;
    this.#file = join(options.folder, "ipv4/conf/all/route_localnet");
  }

  /** Sets it where it is off; a warning says so where it was on before. @throws Fault ROUTE_LOCALNET_OFF */
  async ensure(): Promise<void> {
    try {
      if (!this.#isOn()) await this.#set();
      this.#hasStood = true;
      this.#stands = true;
    } catch (reason) {
      const code = (reason as NodeJS.ErrnoException).code ?? String(reason);
      const message = `redirected requests do not reach NMI: net.ipv4.conf.all.route_localnet is not 1 and ${this.#file} cannot be changed (${code}); run \`sysctl -w net.ipv4.conf.all.route_localnet=1\` on the node, or mount its /proc/sys/net and name the place with --proc-sys-net`;
      throw new Fault("ROUTE_LOCALNET_OFF", message, { cause: reason });
    }
  }

  /** Calls `onLost` when it is off after `ensure` left it on, once each time, until the signal is aborted. */
  async watch(onLost: () => void, clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => {});
      if (!this.#stands || signal.aborted || this.#isOnNow()) continue;
      this.#stands = false;
      onLost();
    }
  }

  async #set(): Promise<void> {
    const { log, onRepair } = this.#options;
    await writeFile(this.#file, "1\n");
    if (!this.#hasStood) return log.info("set net.ipv4.conf.all.route_localnet to 1");
    log.warn(
      "somebody set net.ipv4.conf.all.route_localnet to 0, so that pods' requests did not reach NMI: set it to 1",
    );
    onRepair();
  }

  #isOn(): boolean {
    return readFileSync(this.#file, "utf8").trim() === "1";
  }

  #isOnNow(): boolean {
    try {
      return this.#isOn();
    } catch {
      return false; // `ensure` says why
    }
  }
}
