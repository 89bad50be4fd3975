import { expect, it } from "vitest";
import { Fault, type FaultCode, faults } from "../base/fault.ts";
import { exitCodes } from "./exit-codes.ts";

it("exit codes are those of faults, and that of success", () => {
  const ofFaults = Object.keys(faults).map((code) => new Fault(code as FaultCode, "").exitCode);
  expect(Object.keys(exitCodes).map(Number)).toEqual([...new Set([0, ...ofFaults])].sort((a, b) => a - b));
});
