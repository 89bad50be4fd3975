import { expect, it } from "vitest";
import { remainingIn } from "./remaining.ts";

it.each([
  { when: "Azure says nothing", headers: {}, then: { resource: new Map() } },
  {
    when: "it tells what is left of the subscription's reads",
    headers: { "x-ms-ratelimit-remaining-subscription-reads": "11999" },
    then: { subscriptionReads: 11_999, resource: new Map() },
  },
  {
    when: "it tells what is left of the subscription's writes and of Compute's policies",
    headers: {
      "x-ms-ratelimit-remaining-subscription-writes": "0",
      "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/UpdateVM3Min;107, Microsoft.Compute/UpdateVM30Min;587",
    },
    then: {
      subscriptionWrites: 0,
      resource: new Map([
        ["Microsoft.Compute/UpdateVM3Min", 107],
        ["Microsoft.Compute/UpdateVM30Min", 587],
      ]),
    },
  },
  {
    when: "a number is none",
    headers: {
      "x-ms-ratelimit-remaining-subscription-reads": "many",
      "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/GetVM3Min;?,;,x",
    },
    then: { resource: new Map() },
  },
])("reads the rate-limit headers when $when", ({ headers, then }) => {
  expect(remainingIn(200, (name) => (headers as Record<string, string>)[name])).toEqual({ status: 200, ...then });
});
