import { expect, it } from "vitest";
import { guarded, machineOf } from "./compute.ts";

const signal = new AbortController().signal;
const machine = machineOf("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm");

it("asks for no change once we may not, and reads all the same", async () => {
  const asked: string[] = [];
  const azure = {
    get: async () => {
      asked.push("get");
      return { type: "None", state: "Succeeded", clientIds: new Map() };
    },
    update: async () => void asked.push("update"),
  };
  let mayChange = true;
  const ours = guarded(azure, () => {
    if (!mayChange) throw new Error("not any more");
  });
  await ours.update(machine, { type: "None" }, signal);
  mayChange = false;
  await expect(ours.update(machine, { type: "None" }, signal)).rejects.toThrow("not any more");
  await ours.get(machine, signal);
  expect(asked).toEqual(["update", "get"]);
});
