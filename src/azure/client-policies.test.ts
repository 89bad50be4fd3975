import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { clientPolicies } from "./client-policies.ts";

type Send = ReturnType<typeof clientPolicies>[number]["policy"]["sendRequest"];

const operation = "https://arm/subscriptions/s/providers/Microsoft.Compute/locations/l/operations/o";
const machine = "https://arm/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm";

/** The statuses of the answers in turn, and what the caller gets in the end. */
async function sent(url: string, statuses: readonly (number | Error)[]) {
  const clock = new FakeClock();
  const left = [...statuses];
  const next = (async () => {
    const answer = left.shift() ?? 200;
    if (answer instanceof Error) throw answer;
    return { status: answer, headers: new Map() };
  }) as unknown as Parameters<Send>[1];
  const [policy] = clientPolicies({ apiVersion: undefined, clock });
  if (policy === undefined) throw new Error("there is no policy");
  const answer = policy.policy.sendRequest({ url } as Parameters<Send>[0], next);
  const { status } = await clock.passUntil(answer, 1_000);
  return { status, asked: statuses.length - left.length };
}

it.each([[500], [503, 429, 502], [new Error("closed"), 500]])(
  "asks again how an operation fares when the answer is %s",
  async (...answers) => {
    expect(await sent(operation, [...answers, 200])).toEqual({ status: 200, asked: answers.length + 1 });
  },
);

it("gives up on an operation after six answers in vain, and believes those that are none of trouble", async () => {
  expect(await sent(operation, new Array(9).fill(500))).toEqual({ status: 500, asked: 6 });
  expect(await sent(operation, [404, 200])).toEqual({ status: 404, asked: 1 });
});

it("leaves it to the caller when to ask for a machine again", async () => {
  expect(await sent(machine, [500, 200])).toEqual({ status: 500, asked: 1 });
});
