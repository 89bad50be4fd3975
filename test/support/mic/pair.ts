import { vi } from "vitest";
import type { MicProcess } from "./process.ts";

type Member = { readonly mic: MicProcess; readonly exit: Promise<unknown> };

/** Two instances of MIC, started again whenever one ends, as a Deployment of two does. */
export class MicPair implements AsyncDisposable {
  readonly #start: (name: string) => Promise<MicProcess>;
  readonly #members = new Set<Member>();
  readonly #all: MicProcess[] = [];
  #isOver = false;
  #refilling: Promise<void> = Promise.resolve();

  constructor(start: (name: string) => Promise<MicProcess>) {
    this.#start = start;
    this.#refill();
  }

  /** Resolves when one of them leads. */
  async leading(): Promise<void> {
    await vi.waitFor(() => this.#leader(), { timeout: 60_000, interval: 20 });
  }

  /** How the last few instances ended, or what they do, in their own words: for a test that has failed. */
  get lastWords(): string {
    const last = this.#all.map(({ text }, i) => `mic-${i + 1}:\n${text.split("\n").slice(-12).join("\n")}`);
    return last.slice(-6).join("\n");
  }

  /** SIGKILL, whatever it does just now. */
  async killLeader(): Promise<void> {
    await this.leading(); // the one that did may have lost its lease on a busy machine
    const leader = this.#leader();
    leader.mic.kill("SIGKILL");
    await leader.exit;
  }

  #leader(): Member {
    const leader = [...this.#members].find(({ mic }) => mic.text.includes("sync thread started"));
    if (leader === undefined) throw new Error("none of them leads");
    return leader;
  }

  #refill(): void {
    this.#refilling = this.#refilling.then(async () => {
      while (!this.#isOver && this.#members.size < 2) {
        const mic = await this.#start(`mic-${this.#all.length + 1}`);
        this.#all.push(mic);
        const member: Member = { mic, exit: mic.exit.then(() => this.#ended(member)) };
        this.#members.add(member);
      }
    });
  }

  #ended(member: Member): void {
    this.#members.delete(member);
    this.#refill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#refilling;
    await Promise.all([...this.#members].map(({ mic }) => mic[Symbol.asyncDispose]()));
  }
}
