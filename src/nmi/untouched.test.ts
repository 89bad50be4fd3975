import { expect, it } from "vitest";
import { boundNmi, reader, tokenPath, web } from "../../test/support/bound-nmi.ts";
import { ask } from "../../test/support/nmi/node.ts";

const { bound } = boundNmi();

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

it("requests change nothing of the objects that they share", async () => {
  const node = bound();
  const held = [
    node.pods.get(web.meta),
    node.identities.get(reader.meta),
    ...node.bindings.by("selector", "demo"),
    ...node.assignments.by("pod", "default/web"),
  ];
  expect(held.filter((one) => one === undefined)).toEqual([]);
  for (const one of held) freeze(one);
  const answers = await Promise.all(Array.from({ length: 3 }, () => ask(node, tokenPath)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
});
