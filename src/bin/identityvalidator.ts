import { realClock } from "../base/clock.ts";
import { Metadata } from "../tokens/metadata.ts";
import { checksOf, validate } from "../validator/checks.ts";
import { type ValidatorConfig, validatorOptions, validatorProblems } from "../validator/options.ts";
import { type Context, runProgram } from "./program.ts";

const A_DAY_MS = 24 * 60 * 60 * 1000;

async function run(config: ValidatorConfig, { signal, log }: Context): Promise<void> {
  const { E2E_TEST_POD_NAMESPACE = "", E2E_TEST_POD_NAME = "", E2E_TEST_POD_IP = "" } = process.env;
  const pod = `${E2E_TEST_POD_NAMESPACE}/${E2E_TEST_POD_NAME}`;
  log.info(`starting identity validator pod ${pod} with pod IP ${E2E_TEST_POD_IP}`);
  if (config.sleep) {
    log.info("entering sleep mode");
    for (;;) await realClock.sleep(A_DAY_MS, signal);
  }
  await validate(checksOf(config, new Metadata(config.metadataUrl)), { clock: realClock, log }, signal);
}

void runProgram({
  name: "identityvalidator",
  summary: "checks from inside a pod that the pod gets tokens of its identities",
  options: validatorOptions,
  problems: (_env, config) => validatorProblems(config),
  run,
});
