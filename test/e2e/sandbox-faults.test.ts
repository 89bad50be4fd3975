import { get } from "node:https";
import { expect, it } from "vitest";
import { startProgram } from "../support/program.ts";

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { rejectUnauthorized: false, agent: false }, (answer) => resolve(answer.resume().statusCode)).once(
      "error",
      reject,
    );
  });
}

it("podid sandbox makes the trouble that its command line asks for, as often as that says", async () => {
  const faults = ["--fault", "arm.virtualMachines.get=error:418,times=1", "--fault=arm.virtualMachines.get=error:503"];
  await using sandbox = startProgram("podid", ["sandbox", "--network=forwarders", "--vms=one", ...faults]);
  await sandbox.says("Ctrl-C ends it");
  const [, arm, subscription] = /Azure \(ARM\): +(\S+) +subscription (\S+)/.exec(sandbox.output()) ?? [];
  const one = `${arm}/subscriptions/${subscription}/resourceGroups/MC_sandbox/providers/Microsoft.Compute/virtualMachines/one`;
  expect([await statusOf(one), await statusOf(one)]).toEqual([418, 503]);
});
