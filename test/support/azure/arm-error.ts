/** The ARM ID of the VM that Azure's errors in tests are about, and the address of a call that reads or changes it. */
export const vm = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm-0";
export const machineUrl = `https://management.azure.com${vm}?api-version=2025-01-01`;

/** What Azure's SDK throws for an answer, or for none. */
export function armError(
  statusCode: number | undefined,
  code: string,
  message = "it said so",
  url = machineUrl,
  method?: string,
): Error {
  return Object.assign(new Error(message), { name: "RestError", statusCode, code, request: { url, method } });
}
