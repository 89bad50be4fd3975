import { expect, it } from "vitest";
import { Slots } from "./slots.ts";

const never = new AbortController().signal;

it("lets so many in, and the next in order when one leaves", async () => {
  const slots = new Slots(2);
  const inside: string[] = [];
  const enter = async (name: string) => {
    const slot = await slots.enter(never);
    inside.push(name);
    return slot;
  };
  const [a, , c, d] = [enter("a"), enter("b"), enter("c"), enter("d")];
  (await a)[Symbol.dispose]();
  (await c)[Symbol.dispose]();
  await d;
  expect(inside).toEqual(["a", "b", "c", "d"]);
});

it("forgets who leaves while waiting, and keeps the room for those behind", async () => {
  const slots = new Slots(1);
  const first = await slots.enter(never);
  const stop = new AbortController();
  const left = slots.enter(stop.signal);
  const behind = slots.enter(never);
  stop.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  first[Symbol.dispose]();
  (await behind)[Symbol.dispose]();
  await slots.enter(never);
  await expect(slots.enter(AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
});
