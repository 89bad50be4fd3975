import { realClock } from "../base/clock.ts";
import { type DemoConfig, demoOptions, demoTask } from "../demo/options.ts";
import { demoRound } from "../demo/round.ts";
import { Metadata } from "../tokens/metadata.ts";
import { type Context, runProgram } from "./program.ts";

async function run(config: DemoConfig, { signal, log }: Context): Promise<void> {
  const { MY_POD_NAMESPACE = "", MY_POD_NAME = "", MY_POD_IP = "" } = process.env;
  const metadata = new Metadata(config.metadataUrl);
  const task = demoTask(config);
  log.info(
    `starting aad-pod-identity demo pod (namespace: ${MY_POD_NAMESPACE}, name: ${MY_POD_NAME}, IP: ${MY_POD_IP})`,
  );
  for (;;) {
    await demoRound(task, metadata, log, signal);
    await realClock.sleep(config.periodMs, signal);
  }
}

void runProgram({
  name: "demo",
  summary: "shows in its log that a pod gets Azure AD tokens of its identity",
  options: demoOptions,
  run,
});
