import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createAuthority } from "../../src/sandbox/certificates.ts";
import { TokenService } from "./azure/token-service.ts";
import { identityId } from "./make.ts";
import { askNmi, type NmiAnswer, nmiWorld } from "./nmi/world.ts";

export type TroubleWorld = Awaited<ReturnType<typeof troubleWorld>>;
export type TroubledNode = Awaited<ReturnType<TroubleWorld["startNode"]>>;
export type ServiceName = "imds" | "entra";
type NodeOptions = { readonly env?: Readonly<Record<string, string>>; readonly args?: readonly string[] };

const LIMIT_MS = 20_000;
/** So many were made by this process: each has addresses of its own. */
let nodes = 0;

const managed = ["--operation-mode=managed", "--forceNamespaced"];

/**
 * An API server that all share, and as many nodes as wanted: each is an NMI as a process with an IMDS and an Entra ID of
 * its own, and with two pods that have an identity of each.
 */
export async function troubleWorld() {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await nmiWorld({ without: ["AzureAssignedIdentity"] }));
  const authority = await createAuthority();
  const ca = join(cluster.folder, "ca.pem");
  await writeFile(ca, authority.caPem);
  const all = stack.move();
  /** Puts a pod, an identity and the binding between them in place. */
  const bind = async (name: string, address: string, spec: object) => {
    await cluster.create("AzureIdentity", name, spec);
    await cluster.create("AzureIdentityBinding", name, { azureIdentity: name, selector: name });
    await cluster.createPod(name, address, { aadpodidbinding: name });
  };

  return {
    ...cluster,
    bind,
    async startNode({ env = {}, args = [] }: NodeOptions = {}) {
      await using own = new AsyncDisposableStack();
      nodes += 1;
      const number = nodes;
      const host = `127.91.0.${number}`;
      const imds = own.use(await TokenService.start(host));
      const entra = own.use(await TokenService.start(host, await authority.serverCertificate([host])));
      const adEndpoint = `https://${host}:${entra.port}/`;
      const addresses = { imds: `127.92.0.${number}`, entra: `127.93.0.${number}` };
      const names = { imds: `imds-${number}`, entra: `entra-${number}` };
      const data = { clientSecret: Buffer.from("hush").toString("base64") };
      await cluster.kube.call("POST", "/api/v1/namespaces/default/secrets", { metadata: { name: names.entra }, data });
      const clientPassword = { name: names.entra, namespace: "default" };
      const app = { type: 1, clientID: "app", tenantID: "t", adEndpoint, clientPassword };
      await bind(names.imds, addresses.imds, { type: 0, resourceID: identityId("a"), clientID: "client" });
      await bind(names.entra, addresses.entra, app);
      const azure = [`--metadata-ip=${host}`, `--metadata-port=${imds.port}`, `--allowed-ad-endpoints=${adEndpoint}`];
      const nmi = own.use(await cluster.start([...managed, ...azure, ...args], { NODE_EXTRA_CA_CERTS: ca, ...env }));
      const askFrom = (from: string, resource: string) => {
        const query = new URLSearchParams({ "api-version": "2018-02-01", resource });
        return askNmi(nmi, { from, path: `/metadata/identity/oauth2/token?${query}` });
      };
      const cleanUp = own.move();
      return {
        nmi: nmi.program,
        services: { imds, entra },
        names,
        /** A token request of the pod that has the identity of a service. */
        ask: (of: ServiceName, resource: string) => askFrom(addresses[of], resource),
        askFrom,
        /** The first token of a pod that may not be seen yet, or was refused one a moment ago; the last answer else. */
        async firstToken(of: ServiceName, resource: string): Promise<NmiAnswer> {
          const begin = performance.now();
          for (;;) {
            const answer = await askFrom(addresses[of], resource);
            if (answer.status === 200 || performance.now() - begin > LIMIT_MS) return answer;
            await pause(100);
          }
        },
        async isActive(): Promise<boolean> {
          const port = /health probe on port (\d+)/.exec(nmi.program.output())?.[1];
          return (await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()) === "Active";
        },
        /** All metrics, and what time it is by NMI's clock, in seconds. */
        async metrics(): Promise<{ readonly text: string; readonly now: number }> {
          const port = /metrics on port (\d+)/.exec(nmi.program.output())?.[1];
          const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
          return { text: await answer.text(), now: Date.parse(answer.headers.get("date") ?? "") / 1000 };
        },
        [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
      };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
