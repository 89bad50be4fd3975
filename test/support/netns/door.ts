import { type AddressInfo, connect, createServer } from "node:net";
import { answering } from "./answering.ts";

// The way to a server outside of a namespace that has none: what connects to loopback here is joined to a socket in the
// file system, which is the same inside and outside.
const server = createServer((inside) => {
  const outside = connect(process.argv[2] ?? "");
  inside.on("error", () => outside.destroy()).pipe(outside);
  outside.on("error", () => inside.destroy()).pipe(inside);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

answering(() => ({ port: (server.address() as AddressInfo).port }));
