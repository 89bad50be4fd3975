import { createInterface } from "node:readline";

/** The inside of an actor: answers each question on standard input by a line on standard output, until the input ends. */
export function answering(answer: (question: never) => unknown): void {
  const lines = createInterface(process.stdin);
  lines.on("line", async (line) => {
    const { id, question } = JSON.parse(line);
    const isGreeting = Object.keys(question).length === 0;
    process.stdout.write(`${JSON.stringify({ id, answer: isGreeting ? {} : await answer(question as never) })}\n`);
  });
  lines.on("close", () => process.exit(0));
}
