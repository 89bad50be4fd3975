import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiDoor, type Away } from "../support/kube/api-door.ts";
import { kubeconfigOf } from "../support/kube/kubeconfig.ts";
import { identityId } from "../support/make.ts";
import { fakedClockMissing, fastClock } from "../support/time/faked-clock.ts";
import { settled } from "../support/time/settled.ts";
import { type TroubledNode, type TroubleWorld, troubleWorld } from "../support/trouble-world.ts";

/** Ten minutes are ten seconds. */
const SPEED = 60;
const MINUTE = 60;
/** With what the machine itself takes, which is all multiplied. */
const SOON = 10 * MINUTE;
const HELD = "https://held.example";
const missing = fakedClockMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;

/** What pods get while the API server is away, and then. */
export function nmiApiTrouble(): void {
  describe.skipIf(missing !== undefined)(
    `an API server that is away for ten minutes${reason}`,
    { concurrent: true },
    () => {
      let world: TroubleWorld;
      beforeAll(async () => {
        world = await troubleWorld();
      });
      afterAll(() => world[Symbol.asyncDispose]());

      it.each<{ how: Away; number: number }>([
        { how: "refuses", number: 1 },
        { how: "is silent", number: 2 },
      ])(
        "and $how takes no token away, and what was deleted meanwhile counts when it is back",
        async ({ how, number }) => {
          await using door = await ApiDoor.open(world.proxy.access.server, `127.95.0.${number}`);
          const kubeconfig = join(world.folder, `kubeconfig-${number}`);
          await writeFile(kubeconfig, kubeconfigOf({ server: door.url }));
          await using node = await world.startNode({ env: fastClock(SPEED), args: [`--kubeconfig=${kubeconfig}`] });
          const held = { imds: await node.firstToken("imds", HELD), entra: await node.firstToken("entra", HELD) };
          const late = `127.96.0.${number}`;

          await door.shut(how);
          await world.bind(`late-${number}`, late, { type: 0, resourceID: identityId("a"), clientID: "client" });
          await deleteAll(world, node);
          const served = await serveFor10Minutes(node);

          // With the last state that was seen, as decided: tokens at hand, and those of IMDS, which rests on nothing else.
          expect(served).toEqual([
            `imds 200 ${held.imds.body.access_token}`,
            `entra 200 ${held.entra.body.access_token}`,
          ]);
          await settled(async () => (await node.ask("imds", "https://other.example")).status).toEqual(200);
          // A Secret that cannot be read, and a pod that nobody told of.
          expect(await node.ask("entra", "https://other.example")).toMatchObject({
            status: 503,
            retryAfter: "5",
            body: {
              error: "temporarily_unavailable",
              error_description: expect.stringContaining("the API server is away"),
            },
          });
          expect(await node.askFrom(late, HELD)).toMatchObject({ status: 503, retryAfter: "2" });
          expect(await node.isActive()).toBe(true);
          expect(await silence(node)).toBeGreaterThan(5 * MINUTE);

          const { now: back } = await node.metrics();
          await door.open();
          await settled(async () => (await node.ask("imds", HELD)).status).toEqual(404);
          await settled(async () => (await node.ask("entra", HELD)).status).toEqual(403);
          await settled(async () => (await node.askFrom(late, HELD)).status).toEqual(200);
          expect((await node.metrics()).now - back).toBeLessThan(SOON);
          expect(await silence(node)).toBeLessThan(SOON);
          expect(node.nmi.output()).toContain("following objects of the API server again");
          expect(node.nmi.output()).not.toContain("UNEXPECTED");
        },
      );
    },
  );
}

/** Deletes the binding of one pod and the Secret of the other. */
async function deleteAll({ kube }: TroubleWorld, { names }: TroubledNode): Promise<void> {
  const bindings = "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureidentitybindings";
  await kube.call("DELETE", `${bindings}/${names.imds}`);
  await kube.call("DELETE", `/api/v1/namespaces/default/secrets/${names.entra}`);
}

/** What the pods got, each once, until NMI says that it has been cut off for ten minutes. */
async function serveFor10Minutes(node: TroubledNode): Promise<readonly string[]> {
  const served = new Set<string>();
  while (!/forMinutes=1\d/.test(node.nmi.output())) {
    for (const of of ["imds", "entra"] as const) {
      const { status, body } = await node.ask(of, HELD);
      served.add(`${of} ${status} ${body.access_token ?? body.error_description}`);
    }
    await pause(100);
  }
  return [...served];
}

/** For how long NMI has not heard of the kind that it has heard of last, as its metric tells, in seconds. */
async function silence(node: TroubledNode): Promise<number> {
  const { text, now } = await node.metrics();
  const contacts = [...text.matchAll(/^aadpodidentity_nmi_watch_contact_timestamp_seconds\{.*\} (.*)$/gm)];
  return now - Math.max(...contacts.map(([, seconds]) => Number(seconds)));
}
