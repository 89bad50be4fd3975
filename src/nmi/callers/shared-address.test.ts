import { expect, it } from "vitest";
import { boundNmi, tokenPath } from "../../../test/support/bound-nmi.ts";
import { pod } from "../../../test/support/make.ts";
import { ask } from "../../../test/support/nmi/node.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";

const { bound } = boundNmi();

it("two pods on one address are both asked to come again, and neither hears of the other", async () => {
  const clock = new FakeClock();
  const node = bound({ clock });
  node.pods.put(pod("neighbour", { labels: { team: "secret-plans" } }));
  const { status, headers, body } = await clock.passUntil(ask(node, tokenPath), 400);
  expect([status, headers["Retry-After"]]).toEqual([503, "2"]);
  expect(body.error_description).toBe("failed to match pod IP 10.244.0.2: several pods have it");
  expect(node.lines.join("")).not.toMatch(/neighbour|secret-plans/);
});
