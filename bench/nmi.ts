import { existsSync } from "node:fs";
import { tokenAnswer } from "../src/api/token-answer.ts";
import { Secret } from "../src/base/secret.ts";
import { missing as controlPlaneMissing } from "../test/support/kube/control-plane.ts";
import { networkMissing } from "../test/support/netns/netns.ts";
import { rotated, shown } from "./figures.ts";
import { accessTokenOf, TOKEN_LIFE_SECONDS } from "./imds-stand-in.ts";
import { type Load, loadMissing } from "./nmi-load.ts";
import { clientIdOf } from "./nmi-objects.ts";
import { bare, original, ours, relay } from "./nmi-program.ts";
import { nmiAnswer } from "./nmi-report.ts";
import { type NmiResults, type NmiRun, runBare, runNmi, runRelay } from "./nmi-run.ts";
import type { NmiSize } from "./nmi-shares.ts";
import type { Answer, Asked } from "./question.ts";

const full: NmiSize = {
  pods: 250,
  firstTokens: 40,
  stormPods: 500,
  stormIdentities: 10,
  waiting: 10,
  warmUpSeconds: 3,
  loadSeconds: 5,
  longRequests: 1_000_000,
};
const small: NmiSize = { ...full, firstTokens: 10, waiting: 4, warmUpSeconds: 2, loadSeconds: 2, longRequests: 50_000 };

/** One turn of one program, which adds what it measured. */
type Turn = { readonly name: string; run(round: number): Promise<string> };

/**
 * How fast NMI gives pods their tokens, through the real redirection in a network of its own and with a real API
 * server there, side by side with the original where there is one and with a bare server that answers the same bytes.
 */
export async function nmiQuestion(asked: Asked): Promise<Answer> {
  const lack = networkMissing() ?? loadMissing() ?? controlPlaneMissing();
  if (lack !== undefined) throw new Error(lack);
  const size = asked.quick ? small : full;
  const { turns, ...results } = turnsOf(asked, size);
  for (let round = 1; round <= asked.rounds; round += 1) {
    for (const { name, run } of rotated(turns, round - 1)) {
      asked.say(`round ${round} of ${asked.rounds}, ${name}: ${await run(round)}`);
    }
  }
  return nmiAnswer({ ...results, size });
}

function turnsOf(asked: Asked, size: NmiSize) {
  const runs: NmiResults["runs"][number][] = [];
  const bareLoads: NmiResults["bareLoads"][number][] = [];
  const relays: NmiResults["relays"][number][] = [];
  const { signal } = asked;
  const known = (program: typeof ours, isOurs: boolean): Turn => ({
    name: program.name,
    run: async (round) => {
      const isLong = isOurs && round === asked.rounds;
      const run = await runNmi(program, { size, isLong, canOverlap: isOurs }, signal);
      runs.push({ ...run, round });
      return inWords(run);
    },
  });
  const answering = bare(likeOurs());
  const floor: Turn = {
    name: answering.name,
    run: async (round) => {
      const load = await runBare(answering, size, signal);
      bareLoads.push({ ...load, round });
      return loadInWords(load);
    },
  };
  const relaying: Turn = {
    name: relay.name,
    run: async (round) => {
      const run = await runRelay(relay, size, signal);
      relays.push({ ...run, round });
      return `ready in ${shown(run.readyMs)} ms, idle ${shown(run.idle.rssMb)} MB`;
    },
  };
  const programs = [known(ours, true), ...peers(asked).map((peer) => known(peer, false))];
  return { turns: [...programs, floor, relaying], runs, bareLoads, relays };
}

/** @throws Error when the original is named and is not there */
function peers({ env, say }: Asked): readonly (typeof ours)[] {
  const file = env.PEER_NMI ?? "";
  if (file === "") say("PEER_NMI names no binary of the original: measuring alone");
  else if (!existsSync(file)) throw new Error(`there is no ${file}: correct PEER_NMI, or leave it out`);
  return file === "" ? [] : [original(file)];
}

/** An answer as NMI gives it to the pod that loads it. */
function likeOurs(): string {
  const now = Date.now();
  const seconds = Math.floor(now / 1000);
  const token = {
    accessToken: new Secret(accessTokenOf(clientIdOf("load"))),
    expiresOn: seconds + TOKEN_LIFE_SECONDS,
    notBefore: seconds,
    resource: "https://vault.azure.net",
    tokenType: "Bearer",
    clientId: clientIdOf("load"),
  };
  return JSON.stringify(tokenAnswer(token, now));
}

function inWords({ load, readyMs, storm }: NmiRun): string {
  return `${loadInWords(load)}, ready in ${shown(readyMs)} ms, storm over in ${shown(storm.tookMs)} ms`;
}

function loadInWords({ requestsASecond, p99Ms }: Load): string {
  return `${shown(requestsASecond)} requests/s, p99 ${shown(p99Ms)} ms`;
}
