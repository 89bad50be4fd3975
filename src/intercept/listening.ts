import { readFileSync } from "node:fs";
import { join } from "node:path";

/** How the kernel's lists of sockets name the state of one that listens. */
const LISTENS = "0A";
const files = ["tcp", "tcp6"] as const;

/** Whether any program of this node listens at a TCP port, whatever the address; taken to be so where that cannot be read in the folder of its lists. */
export function isListening(port: number, folder = "/proc/net"): boolean {
  return files.some((file) => {
    try {
      return listensIn(readFileSync(join(folder, file), "utf8"), port);
    } catch {
      return file === files[0]; // without IPv6 there is no second one
    }
  });
}

/** The same for the text of such a list. */
export function listensIn(text: string, port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return text.split("\n").some((line) => {
    const [, address = "", , state] = line.trim().split(/ +/, 4);
    return state === LISTENS && address.endsWith(local);
  });
}
