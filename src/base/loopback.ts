import { isIPv4 } from "node:net";

/** Whether only the node itself reaches an address to listen at, as a flag gives it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
