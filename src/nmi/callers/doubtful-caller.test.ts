import { describe, expect, it } from "vitest";
import { boundNmi, tokenPath } from "../../../test/support/bound-nmi.ts";
import { exception, pod } from "../../../test/support/make.ts";
import { ask, type NmiNode } from "../../../test/support/nmi/node.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { Callers } from "./callers.ts";

const { imds, bound } = boundNmi();

/** The same, where somebody else has the pod's address by now. */
function doubted(node: NmiNode): NmiNode {
  const { pods, ports } = node;
  const isHolder = () => Promise.resolve(false);
  const callers = new Callers({ pods, ownAddresses: () => new Set(), clock: ports.clock, isHolder });
  return { ...node, ports: { ...ports, callers } };
}

describe("whoever has got the address of another pod", () => {
  it("is asked to come again, although that one's token is at hand", async () => {
    const node = bound();
    await ask(node, tokenPath);
    const { status, headers, body } = await ask(doubted(node), tokenPath);
    expect([status, headers["Retry-After"]]).toEqual([503, "2"]);
    expect(body.error_description).toMatch(/^failed to match pod IP 10\.244\.0\.2: it may have changed hands/);
  });

  it("hears nothing of that one, whatever it asks, nor does the log take it for that one", async () => {
    const node = bound();
    for (const target of [`${tokenPath}&client_id=unknown`, "/metadata/identity/oauth2/token"]) {
      const { status, body } = await ask(doubted(node), target);
      expect(status).toBe(503);
      expect(JSON.stringify(body)).not.toContain("web");
    }
    expect(node.lines.join("")).not.toContain("web");
  });

  it("is told the same on one connection, however many requests of it wait", async () => {
    const clock = new FakeClock();
    const node = bound({ clock });
    await ask(node, tokenPath);
    const other = doubted(node);
    const connection = { remoteAddress: "10.244.0.2" };
    // One waits for what it names, and finds out after the other that it is not the pod.
    const slow = ask(other, `${tokenPath}&client_id=unknown`, { connection });
    expect((await ask(other, tokenPath, { connection })).status).toBe(503);
    expect((await clock.passUntil(slow, 1_000)).status).toBe(503);
    expect(node.lines.filter((line) => line.includes("refused")).join("")).not.toContain("web");
  });

  it("gets nothing passed on because that one is excepted", async () => {
    const node = bound();
    node.pods.put(pod("web", { labels: { component: "mic" } }));
    node.exceptions.push(exception("mic", { component: "mic" }));
    for (const target of [tokenPath, "/metadata/identity/info"]) {
      expect((await ask(doubted(node), target)).status).toBe(503);
    }
    expect(imds().requests).toEqual([]);
  });
});
