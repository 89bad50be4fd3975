import { styleText } from "node:util";

export type ScreenOptions = {
  readonly write: (text: string) => void;
  /** Whether a person looks on: then a progress line is drawn over itself. */
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
  /** How wide the terminal is now, in characters. */
  readonly columns?: () => number;
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

  /** A command as a person would type it, with its input: lines that can be copied, so that none is indented. */
  typed(command: string): void {
    for (const [i, line] of command.trimEnd().split("\n").entries()) {
      this.#line(this.#style("cyan", i === 0 ? `$ ${line}` : line));
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
    if (this.#options.isTerminal) this.#options.write(`\r\u001b[K${this.#cut(`  … ${text}`)}`);
    else this.#options.write(`  … ${text}\n`);
    this.#progress = text;
  }

  /** Whether a person looks on. */
  get isTerminal(): boolean {
    return this.#options.isTerminal;
  }

  /** How things stand, drawn over itself on a terminal, and nowhere else; an empty text takes it away. */
  status(text: string): void {
    if (!this.#options.isTerminal || text === this.#progress) return;
    this.#options.write(`\r\u001b[K${this.#cut(text)}`);
    this.#progress = text;
  }

  /** What fits into a line, so that it can be drawn over. */
  #cut(text: string): string {
    const room = (this.#options.columns?.() ?? Number.POSITIVE_INFINITY) - 1;
    return text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
  }

  /** Takes away what is drawn over itself, before a line that somebody else writes; it is drawn again. */
  clear(): void {
    if (this.#progress !== "" && this.#options.isTerminal) this.#options.write("\r\u001b[K");
    this.#progress = "";
  }

  #line(text: string): void {
    this.clear();
    this.#options.write(`${text}\n`);
  }

  #style(format: "bold" | "cyan" | "green" | "red", text: string): string {
    return this.#options.hasColour ? styleText(format, text, { validateStream: false }) : text;
  }
}
