import { describe, expect, it } from "vitest";
import type { FaultCode } from "../../src/base/fault.ts";
import { startActor } from "../support/netns/actor.ts";
import { makeNetwork, networkMissing } from "../support/netns/netns.ts";
import { askForToken, clientMissing, clients, type SdkClient } from "./sdk-client.ts";

const missing = networkMissing();
const present = clients.filter((client) => clientMissing(client) === undefined);
const BECAUSE = "the sentence of NMI";
const script = new URL("./refusing-imds.ts", import.meta.url);

type Name = `${SdkClient["language"]} ${SdkClient["credential"]}`;
type Row = {
  readonly fault: FaultCode;
  readonly answer: string;
  /** How often each asks before it gives up. */
  readonly tries: Readonly<Record<Exclude<Name, "rust default">, number>>;
  /** Those whose message does not hold the reason. */
  readonly silent: readonly Name[];
};

/** It tells the reason in the cause of a cause. */
const java = ["java managed", "java default"] as const;
/** That of Rust waits for random times and counts their sum. */
const sixOrSeven = expect.toBeOneOf([6, 7]) as number;
const once = tries(1, 1, 1, 1, 1, 1, 1, 1, 1);

/** What SDKs do with refusals; docs/sdks.md tells this. */
const rows: readonly Row[] = [
  { fault: "REQUEST_INVALID", answer: "400", tries: once, silent: [...java, "rust managed"] },
  { fault: "IDENTITY_DENIED", answer: "403", tries: once, silent: java },
  { fault: "IDENTITY_NOT_ASSIGNED", answer: "404", tries: tries(7, 7, 6, 6, 6, 6, 24, 24, sixOrSeven), silent: java },
  {
    fault: "LIMIT_REACHED",
    answer: "429, Retry-After 5",
    tries: tries(7, 7, 6, 6, 4, 6, 24, 24, sixOrSeven),
    silent: java,
  },
  {
    fault: "SHUTTING_DOWN",
    answer: "503, Retry-After 2",
    tries: tries(7, 7, 6, 6, 4, 6, 24, 24, sixOrSeven),
    silent: java,
  },
  { fault: "UNEXPECTED", answer: "500", tries: tries(7, 7, 6, 6, 4, 6, 24, 24, sixOrSeven), silent: java },
];

function tries(...counts: readonly number[]): Row["tries"] {
  return Object.fromEntries(clients.map((client, index) => [nameOf(client), counts[index]])) as Row["tries"];
}

function nameOf({ language, credential }: SdkClient): Name {
  return `${language} ${credential}`;
}

/** One network an answer: they take minutes, so some are tried side by side. */
describe.skipIf(missing !== undefined)("what SDKs do with refusals", { concurrent: true }, () => {
  it.each(rows)("$answer ($fault)", async ({ fault, tries, silent }) => {
    await using network = makeNetwork(present.length);
    await using imds = await startActor(network.fabric, script);
    const { error_description: why } = await imds.ask<{ error_description: string }>({
      refuse: fault,
      because: BECAUSE,
    });
    const seen = await Promise.all(
      present.map(async (client, index) => {
        const { namespace = "", address = "" } = network.pods[index] ?? {};
        const { ok, message = "", error, seconds } = await askForToken(client, { namespace, clientId: "client-0" });
        expect(ok).toBe(false);
        const { [address]: times = [] } = await imds.ask<Record<string, number[]>>({ tries: true });
        const pauses = times.slice(1).map((at, next) => ((at - (times[next] ?? at)) / 1000).toFixed(1));
        const name = nameOf(client);
        process.stdout.write(`${fault}: ${name}: ${error} after ${seconds.toFixed(1)} s, pauses ${pauses.join(" ")}\n`);
        return { name, tries: times.length, isSilent: !message.includes(why), message };
      }),
    );
    const names = present.map(nameOf);
    expect(Object.fromEntries(seen.map((one) => [one.name, one.tries]))).toEqual(
      Object.fromEntries(Object.entries(tries).filter(([name]) => names.includes(name as Name))),
    );
    expect(seen.filter(({ isSilent }) => isSilent).map(({ name }) => name)).toEqual(
      silent.filter((name) => names.includes(name)),
    );
  });
});
