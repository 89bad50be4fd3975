import { createHash } from "node:crypto";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { raceAbort } from "../base/single-flight.ts";
import { type AccessSource, type AzureAccess, loadAzureAccess } from "./azure-access.ts";
import { signInSummary } from "./credentials.ts";
import { type ReadFile, readSettingFile } from "./setting-file.ts";

export type CloudSourceOptions = AccessSource & {
  readonly log: Log;
  readonly clock?: Clock;
  /** Whether a wrong file may be corrected later; if not, what is wrong with the first look is final. */
  readonly mayWait?: boolean;
  /** How often the files are looked at. */
  readonly everyMs?: number;
  /** A certificate authority beside the system's, as PEM. */
  readonly ca?: string;
  /** Called after another access has taken the place of the last one, and after the first. */
  readonly onChange?: () => void;
};

/** What a file held, by its path: a hash, or why it could not be read. Content is not kept, since it is secret. */
type Prints = ReadonlyMap<string, string>;

const LOOK_EVERY_MS = 5_000;
const DAY_MS = 24 * 60 * 60_000;
/** A problem that lasts is told again this often. */
const PROBLEM_TOLD_MS = 10 * 60_000;
const EXPIRY_TOLD_MS = 30 * DAY_MS;

/**
 * azure.json, or the environment in its place, with the files that it names, as they are at any time. Polled content
 * follows every way of replacing a file: writing, renaming, the swapped links of a mounted Secret, a bind mount.
 *
 *           good            bad                  good again, or better
 *   ──────► access ───────► access + problem ──► access (the same when nothing changed, else another)
 *   ──────► problem ─────────────────────────────▲
 *           bad
 */
export class CloudSource {
  readonly #options: CloudSourceOptions;
  readonly #clock: Clock;
  readonly #first = Promise.withResolvers<AzureAccess>();
  #access: AzureAccess | undefined;
  /** Of the files that the access was made of. */
  #accessPrints: Prints = new Map();
  #problem: Fault | undefined;
  #problemToldAt = 0;
  /** Of the last look, good or bad; undefined before the first. */
  #seen: Prints | undefined;
  #expiryToldAt = Number.NEGATIVE_INFINITY;

  constructor(options: CloudSourceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** The last good one. */
  get access(): AzureAccess | undefined {
    return this.#access;
  }

  /** Why the files as they are now can't be used. */
  get problem(): Fault | undefined {
    return this.#problem;
  }

  /**
   * The first look. Files can be corrected while MIC runs, so what is wrong with them is told and awaited; variables
   * can't, so what is wrong with them is final.
   * @throws Fault CLOUD_CONFIG_INVALID, FILE_UNREADABLE or FILE_INVALID when no azure.json is named, or nobody waits
   */
  async load(): Promise<void> {
    await this.#look();
    if (this.#isFinal && this.#access === undefined) throw this.#problem;
  }

  get #isFinal(): boolean {
    const { file, mayWait = true } = this.#options;
    return file === "" || !mayWait;
  }

  /** Resolves with a good one, at once when there is one. */
  async ready(signal: AbortSignal): Promise<AzureAccess> {
    return this.#access ?? (await raceAbort(this.#first.promise, signal));
  }

  /** Looks again and again until the signal is aborted; the first look is its own when `load` was not called. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#access === undefined) await this.load();
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(this.#options.everyMs ?? LOOK_EVERY_MS, signal);
      } catch {
        return; // told to stop
      }
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    await this.#read();
    if (this.#clock.monotonic() - this.#problemToldAt >= PROBLEM_TOLD_MS) this.#tellProblem();
    this.#tellExpiry();
  }

  /** Once a day during the last month: then nobody has to learn it from pods without tokens. */
  #tellExpiry(): void {
    const { signIn } = this.#access?.config ?? {};
    const now = this.#clock.now();
    if (signIn?.kind !== "certificate" || now - this.#expiryToldAt < DAY_MS) return;
    const { file, expiresAt } = signIn.certificate;
    const leftMs = expiresAt - now;
    if (leftMs > EXPIRY_TOLD_MS || leftMs <= 0) return; // once it has expired, each attempt to sign in says so
    this.#expiryToldAt = now;
    const days = Math.floor(leftMs / DAY_MS);
    this.#options.log.warn("MIC's certificate expires soon: put a new one in its place", { file, days });
  }

  async #read(): Promise<void> {
    if (this.#seen !== undefined && isSame(this.#seen, await printsOf(this.#seen.keys()))) return;
    const prints = new Map<string, string>();
    const { file, env, ca } = this.#options;
    const surroundings = { read: printing(prints), now: () => this.#clock.now() };
    const loading = loadAzureAccess({ file, env }, surroundings, { ca, clock: this.#clock });
    const result = await loading.catch((reason: unknown) => Fault.from(reason));
    this.#seen = prints;
    if (result instanceof Fault) this.#failed(result);
    else this.#succeeded(result, prints);
  }

  #succeeded(access: AzureAccess, prints: Prints): void {
    const { file, log, onChange } = this.#options;
    if (this.#problem !== undefined) {
      this.#problem = undefined;
      log.info(`the cloud configuration in ${file === "" ? "the environment" : file} can be used again`);
    }
    if (this.#access !== undefined && isSame(prints, this.#accessPrints)) return;
    log.info(
      this.#access === undefined ? "cloud configuration read" : "cloud configuration read anew, since it changed",
    );
    log.info(signInSummary(access.config));
    this.#access = access;
    this.#expiryToldAt = Number.NEGATIVE_INFINITY;
    this.#accessPrints = prints;
    this.#first.resolve(access);
    onChange?.();
  }

  #failed(fault: Fault): void {
    if (this.#problem?.message === fault.message) return;
    this.#problem = fault;
    this.#tellProblem();
  }

  #tellProblem(): void {
    if (this.#problem === undefined) return;
    const { message, code } = this.#problem;
    this.#problemToldAt = this.#clock.monotonic();
    const isFinal = this.#isFinal && this.#access === undefined; // and told by the program that ends
    const then = this.#access === undefined ? "waits until it is corrected" : "goes on with the last good one";
    if (!isFinal) this.#options.log.error(`${message}; MIC ${then}`, { code });
  }
}

/** Reads files and remembers what they held. */
function printing(prints: Map<string, string>): ReadFile {
  return async (file, setting) => {
    try {
      const content = await readSettingFile(file, setting);
      prints.set(file, hash(content));
      return content;
    } catch (reason) {
      prints.set(file, `unreadable, ${Fault.from(reason).facts.why}`);
      throw reason;
    }
  };
}

async function printsOf(files: Iterable<string>): Promise<Prints> {
  const prints = new Map<string, string>();
  const read = printing(prints);
  for (const file of files) await read(file, "").catch(() => {});
  return prints;
}

function hash(content: Buffer): string {
  return createHash("sha256").update(content).digest("base64");
}

function isSame(one: Prints, other: Prints): boolean {
  return one.size === other.size && [...one].every(([file, print]) => other.get(file) === print);
}
