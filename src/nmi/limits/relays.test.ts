import { describe, expect, it, onTestFinished } from "vitest";
import { boundNmi, tokenPath, web } from "../../../test/support/bound-nmi.ts";
import { exception } from "../../../test/support/make.ts";
import { ask, nmiNode } from "../../../test/support/nmi/node.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";

const { imds } = boundNmi();
const versions = "/metadata/instance?api-version=2021-02-01";

function setUp() {
  const clock = new FakeClock(Date.now());
  const node = nmiNode({ imds: imds(), clock });
  /** The statuses of so many requests, one after the other. */
  const storm = async (from: string, count: number) => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i += 1) statuses.push((await ask(node, versions, { from })).status);
    return statuses;
  };
  return { clock, node, storm };
}

describe("what a pod has passed on to the metadata service", () => {
  it("is 40 requests at once and 10 a second then, whoever it is, while others have theirs", async () => {
    const { clock, node, storm } = setUp();
    expect(await storm("10.244.0.9", 40)).toEqual(Array(40).fill(200));
    const { status, headers, body } = await ask(node, versions, { from: "10.244.0.9" });
    expect([status, headers["Retry-After"], body.error]).toEqual([429, "5", "too_many_requests"]);
    expect(imds().requests).toHaveLength(40);
    expect(await storm("10.244.0.2", 1)).toEqual([200]);
    clock.advance(1000);
    expect(await storm("10.244.0.9", 11)).toEqual([...Array(10).fill(200), 429]);
  });

  it("is counted and told when it is too much", async () => {
    const { node, storm } = setUp();
    await storm("10.244.0.9", 42);
    const { body } = await node.metrics.expose();
    expect(body).toContain('aadpodidentity_nmi_limits_reached_count{limit="relays"} 2\n');
    const told = node.lines.join("");
    expect(told).toContain('the limit of a pod is reached: requests passed on address="10.244.0.9"');
    expect(told).toMatch(/request refused remote="10\.244\.0\.9".* code="LIMIT_REACHED"/);
  });

  it("is 16 requests at once of all pods, and who asks for most does not keep others waiting", async () => {
    const { node } = setUp();
    const release = imds().hold();
    const from = (address: string) => ask(node, `${versions}&from=${address}`, { from: address });
    const greedy = Array.from({ length: 40 }, (_, i) => from(`10.244.0.1${i % 5}`));
    const other = from("10.244.0.2");
    await expect.poll(() => imds().requests.length).toBe(16);
    release();
    const answers = await Promise.all([...greedy, other]);
    expect(answers.map(({ status }) => status)).toEqual(Array(41).fill(200));
    expect(imds().mostAtOnce).toBe(16);
    expect(imds().requests.findIndex(({ target }) => target.endsWith("10.244.0.2"))).toBeLessThan(32);
  });

  it("is 4 requests at once of each, so that others need not wait for one that gets no answers", async () => {
    const { node } = setUp();
    const release = imds().hold();
    const greedy = Array.from({ length: 20 }, () => ask(node, versions, { from: "10.244.0.9" }));
    const other = ask(node, `${versions}&other`);
    await expect.poll(() => imds().requests.some(({ target }) => target.endsWith("other"))).toBe(true);
    expect(imds().requests).toHaveLength(5);
    release();
    const answers = await Promise.all([...greedy, other]);
    expect(answers.map(({ status }) => status)).toEqual(Array(21).fill(200));
  });

  it.each([
    { of: "its own address", under: 4, addresses: 1, from: "10.244.0.2" },
    { of: "all", under: 16, addresses: 4, from: "10.244.0.9" },
  ])("is not asked for a client that left while it waited for requests of $of", async ({ under, addresses, from }) => {
    const { clock, node } = setUp();
    const release = imds().hold();
    const all = Array.from({ length: under }, (_, i) =>
      ask(node, versions, { from: `10.244.0.${2 + (i % addresses)}` }),
    );
    const leaving = new AbortController();
    const left = ask(node, `${versions}&left`, { from, signal: leaving.signal }).catch(() => {});
    await clock.asleep();
    leaving.abort();
    await left;
    release();
    await Promise.all(all);
    await ask(node, versions);
    expect(imds().requests.filter(({ target }) => target.endsWith("left"))).toEqual([]);
  });

  it("is given up when the client leaves", async () => {
    const { node } = setUp();
    onTestFinished(imds().hold());
    const leaving = new AbortController();
    const left = ask(node, versions, { signal: leaving.signal }).catch((reason) => reason);
    await expect.poll(() => imds().requests.length).toBe(1);
    leaving.abort();
    expect(await left).toBeDefined();
  });

  it("ends with 429 for those whose turn does not come", async () => {
    const { node, clock } = setUp();
    const release = imds().hold();
    const all = Array.from({ length: 5 }, () => ask(node, versions));
    await clock.asleep();
    clock.advance(10_000);
    const late = await all.at(-1);
    expect([late?.status, late?.headers["Retry-After"]]).toEqual([429, "5"]);
    release();
    expect((await Promise.all(all)).filter(({ status }) => status === 200)).toHaveLength(4);
  });

  it("takes nothing of the tokens that it has passed on or gets", async () => {
    const { node, storm } = setUp();
    await storm("10.244.0.2", 41);
    imds().put("anything");
    node.pods.put(web);
    node.exceptions.push(exception("all", { aadpodidbinding: "demo" }));
    expect((await ask(node, `${tokenPath}&client_id=anything`)).status).toBe(200);
  });
});
