import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type KubectlCommand, shellLine } from "./line.ts";

/** What a shell makes of a line: the words, and what the command reads. */
function typed(line: string): string {
  const script = `kubectl() { printf '<%s>' "$@"; if [ "$2" = "-f" ]; then cat; fi; }\n${line}`;
  return execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" });
}

describe("shellLine", () => {
  it.each<{ what: string; command: KubectlCommand; line: string; words: string }>([
    {
      what: "plain words stay as they are",
      command: { args: ["get", "pods", "-n", "team", "--field-selector=a.b=c"] },
      line: "kubectl get pods -n team --field-selector=a.b=c",
      words: "<get><pods><-n><team><--field-selector=a.b=c>",
    },
    {
      what: "others are quoted",
      command: { args: ["patch", `{"a": "it's $HOME"}`], note: "why" },
      line: `kubectl patch '{"a": "it'\\''s $HOME"}' # why`,
      words: `<patch><{"a": "it's $HOME"}>`,
    },
    {
      what: "an input is a here-document",
      command: { args: ["apply", "-f", "-"], input: "kind: Pod\n" },
      line: "kubectl apply -f - <<EOF\nkind: Pod\nEOF",
      words: "<apply><-f><->kind: Pod\n",
    },
    {
      what: "in which a shell fills nothing in",
      command: { args: ["apply", "-f", "-"], input: "name: $(POD)\n", note: "two" },
      line: "kubectl apply -f - <<'EOF' # two\nname: $(POD)\nEOF",
      words: "<apply><-f><->name: $(POD)\n",
    },
    {
      what: "an input from a command comes by a pipe",
      command: { args: ["apply", "-f", "-"], input: "not shown", source: "echo kind: Pod", note: "two" },
      line: "echo kind: Pod \\\n  | kubectl apply -f - # two",
      words: "<apply><-f><->kind: Pod\n",
    },
  ])("$what", ({ command, line, words }) => {
    expect(shellLine(command)).toBe(line);
    expect(typed(line)).toBe(words);
  });
});
