import { setTimeout } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { type Listener, listen } from "./listener.ts";

/** Where the original's `--enableProfile` listened, and for this machine's own programs alone. */
export const PROFILE_PORT = 6060;
const DEFAULT_SECONDS = 30;
const LONGEST_SECONDS = 300;

/**
 * Serves profiles on localhost: `/debug/pprof/profile?seconds=30` answers a `.cpuprofile`, which browsers' developer
 * tools and editors open, `/debug/pprof/heap` the sizes of the heap. Nothing of what the heap holds is given out.
 * @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export function serveProfile(port: number): Promise<Listener> {
  return listen(
    (request, response) => {
      answer(new URL(request.url ?? "", "http://localhost")).then(
        ({ status, body }) => response.writeHead(status, { "Content-Type": "application/json" }).end(body),
        () => response.destroy(),
      );
    },
    { host: "127.0.0.1", port, flag: "enableProfile=false" },
  );
}

async function answer({ pathname, searchParams }: URL): Promise<{ readonly status: number; readonly body: string }> {
  if (pathname === "/debug/pprof/heap") return { status: 200, body: JSON.stringify(getHeapStatistics()) };
  if (pathname !== "/debug/pprof/profile") return { status: 404, body: "{}" };
  const asked = Number(searchParams.get("seconds") ?? DEFAULT_SECONDS);
  const seconds = Math.min(LONGEST_SECONDS, Number.isFinite(asked) && asked > 0 ? asked : DEFAULT_SECONDS);
  return { status: 200, body: JSON.stringify(await cpuProfile(seconds * 1_000)) };
}

async function cpuProfile(ms: number): Promise<object> {
  const { Session } = await import("node:inspector/promises"); // with threads and all: hardly anybody needs it
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    await setTimeout(ms, undefined, { ref: false });
    return (await session.post("Profiler.stop")).profile;
  } finally {
    session.disconnect();
  }
}
