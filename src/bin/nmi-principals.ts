import { findCloud, knownAuthorities } from "../azure/clouds.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { userAgent } from "../base/version.ts";
import type { KubeClient } from "../kube/client.ts";
import type { NmiEvents } from "../nmi/events/events.ts";
import { LiveSecrets } from "../nmi/secrets.ts";
import type { NmiConfig } from "../nmi/start/options.ts";
import type { Backends } from "../tokens/backend.ts";
import { EntraClient } from "../tokens/entra-client.ts";
import { certificateProver, secretProver } from "../tokens/principal-proof.ts";
import { servicePrincipalBackend } from "../tokens/service-principal.ts";

type Surroundings = {
  readonly client: KubeClient;
  readonly events: NmiEvents;
  readonly log: Log;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
};

/** The back ends of service principals: with a client secret, and with a certificate. */
export async function principalBackends(config: NmiConfig, surroundings: Surroundings): Promise<Backends> {
  const { client, events, clock, env } = surroundings;
  const shared = {
    secrets: new LiveSecrets({ client, clock, onFailed: events.secretMissed }),
    client: new EntraClient({ userAgent: userAgent("NMI", config.customUserAgent), env }),
    authorities: await allowedAuthorities(config, surroundings),
    isSecretAnywhere: config.allowCrossNamespaceSecrets,
    clock,
    onCall: events.entraCalled,
  };
  return {
    1: servicePrincipalBackend({ ...shared, readProver: secretProver }),
    2: servicePrincipalBackend({ ...shared, readProver: certificateProver }),
  };
}

async function allowedAuthorities({ allowedAdEndpoints }: NmiConfig, { env, log }: Surroundings): Promise<string[]> {
  const always = [...knownAuthorities, ...allowedAdEndpoints];
  const file = env.AZURE_ENVIRONMENT_FILEPATH;
  if (file === undefined || file === "") return always;
  try {
    return [...always, (await findCloud("AzureStackCloud", file)).activeDirectory];
  } catch (reason) {
    // Only identities that name this cloud's authority need it, and they are told.
    log.warn(Fault.from(reason).message);
    return always;
  }
}
