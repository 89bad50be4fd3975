import { styleText } from "node:util";

export type ScreenOptions = {
  readonly write: (text: string) => void;
  /** Whether a person looks on: then a progress line is drawn over itself. */
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
};

/** What a command shows: headings, what is typed, what came of it, and one line of progress. */
export class Screen {
  readonly #options: ScreenOptions;
  #progress = "";

  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  heading(text: string): void {
    this.#line(`\n${this.#style("bold", text)}`);
  }

  /** A command as a person would type it; further lines are shown as its input. */
  typed(command: string): void {
    for (const [i, line] of command.trimEnd().split("\n").entries()) {
      this.#line(this.#style("cyan", i === 0 ? `  $ ${line}` : `    ${line}`));
    }
  }

  /** Output of a command, as it stands. */
  output(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.#line(`    ${line}`);
  }

  /** Something that was checked and held. */
  ok(text: string): void {
    this.#line(`  ${this.#style("green", "✔")} ${text}`);
  }

  /** Something that was checked and did not hold. */
  failed(text: string): void {
    this.#line(`  ${this.#style("red", "✘")} ${text}`);
  }

  /** Plain text. */
  say(text: string): void {
    this.#line(text);
  }

  /** What is being waited for; on a terminal it is drawn over itself, elsewhere written when it changes. */
  progress(text: string): void {
    if (text === this.#progress) return;
    if (this.#options.isTerminal) this.#options.write(`\r\u001b[K  … ${text}`);
    else this.#options.write(`  … ${text}\n`);
    this.#progress = text;
  }

  #line(text: string): void {
    if (this.#progress !== "" && this.#options.isTerminal) this.#options.write("\r\u001b[K");
    this.#progress = "";
    this.#options.write(`${text}\n`);
  }

  #style(format: "bold" | "cyan" | "green" | "red", text: string): string {
    return this.#options.hasColour ? styleText(format, text, { validateStream: false }) : text;
  }
}
