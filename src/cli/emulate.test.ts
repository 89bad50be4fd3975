import { expect, it } from "vitest";
import { runCommand } from "./command.ts";
import { emulateCommand } from "./emulate.ts";
import { Screen } from "./screen.ts";

function run(...words: string[]) {
  const screen = new Screen({ write: () => {}, isTerminal: false, hasColour: false });
  return runCommand([emulateCommand], ["emulate", ...words], { signal: AbortSignal.abort(), screen, root: "/" });
}

it.each([
  { words: [], says: "missing required argument 'services'" },
  { words: ["msi"], says: "Allowed choices are imds, arm, entra" },
  { words: ["imds", "--imds-port=65536"], says: "--imds-port=65536 is no whole number from 0 to 65535" },
  { words: ["arm", "--operation-ms=1.5"], says: "--operation-ms=1.5 is no whole number of 0 or more" },
  { words: ["imds", "--identities=demo,a/b"], says: '"a/b" is no name of an identity' },
  { words: ["imds", "--identities=a/b", "--identities=demo"], says: '"a/b" is no name of an identity' },
  {
    words: ["imds", "--fault", "arm.operations.get=drop"],
    says: 'no operation of what runs (imds) is "arm.operations.get"',
  },
  { words: ["imds", "--fault", "imds.token=drop", "--fault", "nothing"], says: 'no operation is "nothing"' },
])("refuses $words in one sentence", async ({ words, says }) => {
  await expect(run(...words)).rejects.toThrow(
    expect.objectContaining({ code: "FLAG_INVALID", message: expect.stringContaining(says) }),
  );
});

it("ends at once when it is told to stop", async () => {
  await expect(run("imds", "--fault", "imds.*=drop", "--fault", "imds.token=throttle")).resolves.toBeUndefined();
});
