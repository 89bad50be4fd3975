import { expect, it } from "vitest";
import { sandboxArm, VERSION } from "../../../test/support/azure/sandbox-arm.ts";

const path = `/subscriptions/sub/resourceGroups/nodes?${VERSION}`;
const LEFT = "x-ms-ratelimit-remaining-subscription-reads";

it("lets as many calls through as Azure documents, says what is left, and when there is more", async () => {
  await using azure = await sandboxArm({ isLimited: true });
  azure.world.createResourceGroup("nodes");
  const answers = await Promise.all(Array.from({ length: 250 }, () => azure.call(path)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(250);
  expect(answers.map(({ headers }) => Number(headers.get(LEFT))).sort((a, b) => a - b)[0]).toBe(0);

  const { status, headers, json } = await azure.call(path);
  expect([status, headers.get("retry-after"), json.error.code]).toEqual([429, "1", "SubscriptionRequestsThrottled"]);
  expect(json.error.message).toContain("'reads' requests for subscription 'sub'");
  const write = await azure.call(path, { method: "PUT", body: { location: "westeurope" } });
  expect([write.status, write.headers.get("x-ms-ratelimit-remaining-subscription-writes")]).toEqual([200, "199"]);

  azure.clock.advance(1_000);
  const after: number[] = [];
  for (let n = 0; n < 26; n += 1) after.push((await azure.call(path)).status);
  expect(after).toEqual([...new Array(25).fill(200), 429]);
});
