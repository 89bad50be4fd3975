import { describe, expect, it } from "vitest";
import { readMachineId } from "./machine-id.ts";

const VM = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm-0";

describe("the ARM ID of a machine", () => {
  it.each([
    VM,
    VM.replace("virtualmachines", "virtualmachinescalesets"),
    VM.replace("/rg/", "/mc_my.group-(1)_westeurope/"),
    VM.replace("/rg/", "/tür/"),
    VM.replace("vm-0", "node-0.example.com"),
  ])("is read: %s", (text) => {
    expect([readMachineId(text)?.id, readMachineId(text.toUpperCase())?.id]).toEqual([text, text]);
  });

  it("is read in its parts", () => {
    expect(readMachineId(VM)).toEqual({
      id: VM,
      subscription: "sub",
      resourceGroup: "rg",
      provider: "microsoft.compute",
      type: "virtualmachines",
      name: "vm-0",
    });
  });

  it.each([
    "",
    `${VM}/`,
    `${VM}//`,
    `${VM}/extensions/x`,
    `${VM}?x`,
    `${VM}#x`,
    `${VM}%20`,
    `${VM} `,
    `${VM}\n`,
    `${VM}\u200b`,
    `${VM.slice(0, -4)}v%6d-0`,
    `${VM.slice(0, -4)}ｖm-0`,
    `azure://${VM}`,
    `https://management.azure.com${VM}`,
    VM.slice(1),
    `/${VM}`,
    VM.replace("/rg/", "//"),
    VM.replace("/rg/", "/../"),
    VM.replace("vm-0", ".."),
    VM.replace("vm-0", "."),
    VM.replace("/sub/", "/./"),
    VM.replace("/rg/", "/rg/x/../"),
    VM.replace("vm-0", "v".repeat(300)),
    VM.replace("virtualmachines", "disks"),
    VM.replace("microsoft.compute", "microsoft.network"),
  ])("is nothing else: %j", (text) => {
    expect(readMachineId(text)).toBeUndefined();
  });
});
