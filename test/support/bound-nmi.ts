import { beforeEach, onTestFinished } from "vitest";
import { FakeImds } from "./azure/fake-imds.ts";
import { identity, pod } from "./make.ts";
import { type NmiNode, type NmiNodeOptions, nmiNode } from "./nmi/node.ts";

export const tokenPath = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
/** The pod that calls, and the identity that is bound to it. */
export const web = pod("web");
export const reader = identity("reader", { spec: { clientID: "c1a0aaaa-1111-4222-8333-444455556666" } });

/** Starts an IMDS of its own for every test of the file; `bound` makes an NMI on whose node `web` has `reader`. */
export function boundNmi() {
  let imds: FakeImds;
  beforeEach(async () => {
    const started = await FakeImds.start();
    onTestFinished(() => started[Symbol.asyncDispose]());
    imds = started;
  });
  return {
    imds: () => imds,
    bound: (options: Partial<NmiNodeOptions> = {}): NmiNode => {
      const node = nmiNode({ imds, ...options });
      node.bind(web, reader);
      return node;
    },
  };
}
