import { expect, it } from "vitest";
import { Screen, type ScreenOptions } from "./screen.ts";

function screen(options: Partial<ScreenOptions> = {}) {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  return { screen: new Screen({ write, isTerminal: false, hasColour: false, ...options }), written: () => written };
}

it("shows what is typed, what came of it and what held", () => {
  const { screen: shown, written } = screen();
  shown.heading("Step 1");
  shown.typed("kubectl apply -f - <<EOF\na: 1\nEOF");
  shown.output("a created\n");
  shown.ok("it holds");
  shown.failed("it does not");
  expect(written()).toBe(
    "\nStep 1\n$ kubectl apply -f - <<EOF\na: 1\nEOF\n    a created\n  ✔ it holds\n  ✘ it does not\n",
  );
});

it("draws the line of progress over itself on a terminal, and takes it away before the next line", () => {
  const { screen: shown, written } = screen({ isTerminal: true });
  shown.progress("waiting: Created");
  shown.progress("waiting: Created");
  shown.progress("waiting: Assigned");
  shown.ok("done");
  expect(written()).toBe("\r\u001b[K  … waiting: Created\r\u001b[K  … waiting: Assigned\r\u001b[K  ✔ done\n");
});

it("cuts a line of progress where the terminal ends, so that it can be drawn over", () => {
  const { screen: shown, written } = screen({ isTerminal: true, columns: () => 20 });
  shown.progress("waiting for MIC: nobody leads");
  expect(written()).toBe("\r\u001b[K  … waiting for MI…");
});

it("makes room for the line of somebody else, and draws what stood there again", () => {
  const { screen: shown, written } = screen({ isTerminal: true });
  shown.status("2 nodes");
  shown.clear();
  shown.clear();
  shown.status("2 nodes");
  expect(written()).toBe("\r\u001b[K2 nodes\r\u001b[K\r\u001b[K2 nodes");
});

it("writes a line of progress only when it changes elsewhere", () => {
  const { screen: shown, written } = screen();
  shown.progress("waiting: Created");
  shown.progress("waiting: Created");
  shown.ok("done");
  expect(written()).toBe("  … waiting: Created\n  ✔ done\n");
});

it("uses colour only when told to", () => {
  const { screen: plain, written } = screen();
  plain.ok("x");
  expect(written()).not.toContain("\u001b");
  const { screen: coloured, written: shown } = screen({ hasColour: true });
  coloured.ok("x");
  expect(shown()).toContain("\u001b[32m✔");
});

it("keeps one line of how things stand, cut to the terminal, and takes it away before another and at the end", () => {
  let columns = 12;
  const { screen: shown, written } = screen({ isTerminal: true, columns: () => columns });
  shown.status("2 nodes");
  shown.status("2 nodes");
  shown.status("2 nodes, 10 pods");
  shown.say("hello");
  columns = 80;
  shown.status("2 nodes, 10 pods");
  shown.status("");
  const clear = "\r\u001b[K";
  expect(written()).toBe(`${clear}2 nodes${clear}2 nodes, 1…${clear}hello\n${clear}2 nodes, 10 pods${clear}`);
});

it("says nothing of how things stand elsewhere", () => {
  const { screen: shown, written } = screen();
  shown.status("2 nodes");
  shown.say("hello");
  expect(written()).toBe("hello\n");
});
