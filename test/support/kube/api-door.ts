import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

export type Away = "refuses" | "is silent";

/**
 * The way to a server of this machine: open, shut with every connection reset, or passing nothing on without a word. At
 * an address of its own, so that nobody takes its port while it is shut.
 */
export class ApiDoor implements AsyncDisposable {
  readonly #target: URL;
  readonly #host: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #isSilent = false;

  private constructor(target: string, host: string) {
    this.#target = new URL(target);
    this.#host = host;
    this.#server = createServer((inside) => this.#join(inside));
  }

  static async open(target: string, host: string): Promise<ApiDoor> {
    const door = new ApiDoor(target, host);
    await door.open();
    door.#port = (door.#server.address() as AddressInfo).port;
    return door;
  }

  get url(): string {
    return `http://${this.#host}:${this.#port}`;
  }

  /** Lets new connections through; those that were passed over in silence stay as they are. */
  async open(): Promise<void> {
    this.#isSilent = false;
    if (this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.listen(this.#port, this.#host, resolve));
  }

  async shut(how: Away): Promise<void> {
    if (how === "is silent") {
      this.#isSilent = true;
      for (const socket of this.#sockets) socket.pause();
      return;
    }
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.shut("refuses");
  }

  #join(inside: Socket): void {
    this.#keep(inside);
    if (this.#isSilent) return;
    const outside = this.#keep(connect(Number(this.#target.port), this.#target.hostname));
    const pass = (from: Socket, to: Socket) => {
      from.on("data", (bytes) => this.#isSilent || to.write(bytes));
      from.on("close", () => this.#isSilent || to.destroy());
    };
    pass(inside, outside);
    pass(outside, inside);
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}
