import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NodeWithPods, rawRequests, startNodeWithPods } from "../support/netns/cluster.ts";
import { networkMissing } from "../support/netns/netns.ts";
import { startReadyNmi } from "./ready-nmi.ts";
import { askForToken, clientMissing, clients, gotToken } from "./sdk-client.ts";

const missing = networkMissing();

describe.skipIf(missing !== undefined)("an SDK gets its pod's token through the redirect", { concurrent: true }, () => {
  let at: NodeWithPods;

  beforeAll(async () => {
    at = await startNodeWithPods();
    await startReadyNmi(at);
  });
  afterAll(async () => {
    await at?.[Symbol.asyncDispose]();
  });

  for (const [index, client] of clients.entries()) {
    const lacking = missing ?? clientMissing(client);
    const name = `${client.language}, ${client.credential}${lacking === undefined ? "" : ` (skipped: ${lacking})`}`;
    it.skipIf(lacking !== undefined)(name, async () => {
      const pod = index % 2;
      const { namespace = "" } = at.network.pods[pod] ?? {};
      const told = await askForToken(client, { namespace, clientId: `client-${pod}` });
      expect(told).toMatchObject(gotToken(`token-of-client-${pod}`));
      // The metadata service gives whoever names a client ID the same token: none may have come past NMI.
      expect(rawRequests(await at.askers())).toEqual([]);
    });
  }
});
