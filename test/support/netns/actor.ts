import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A small program of the tests that acts inside a namespace: one line of JSON asks, one answers. */
export type Actor = AsyncDisposable & {
  ask<T>(question: object): Promise<T>;
};

const scripts = {
  api: fileURLToPath(new URL("./api.ts", import.meta.url)),
  imds: fileURLToPath(new URL("./imds.ts", import.meta.url)),
  client: fileURLToPath(new URL("./client.ts", import.meta.url)),
  door: fileURLToPath(new URL("./door.ts", import.meta.url)),
};

/** Starts one, of those here or from a file; it ends with the test's process, however that ends, since its input does. */
export async function startActor(
  namespace: string,
  name: keyof typeof scripts | URL,
  args: readonly string[] = [],
): Promise<Actor> {
  const script = name instanceof URL ? fileURLToPath(name) : scripts[name];
  const command = ["netns", "exec", namespace, process.execPath, script, ...args];
  const child = spawn("ip", command, { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const waiting = new Map<number, (answer: never) => void>();
  createInterface(child.stdout).on("line", (line) => {
    const { id, answer } = JSON.parse(line);
    waiting.get(id)?.(answer as never);
    waiting.delete(id);
  });
  let last = 0;
  const actor: Actor = {
    ask: (question) => {
      last += 1;
      const id = last;
      child.stdin.write(`${JSON.stringify({ id, question })}\n`);
      const gone = closed.then(() => Promise.reject(new Error(`the ${name} of ${namespace} ended`)));
      return Promise.race([new Promise<never>((resolve) => waiting.set(id, resolve)), gone]);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
    },
  };
  await actor.ask({}); // it is there
  return actor;
}
