import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startEntra } from "../../../src/sandbox/azure/entra.ts";
import { createWorld } from "../../../src/sandbox/azure/world.ts";
import { createAuthority } from "../../../src/sandbox/certificates.ts";
import { askNmi, type NmiAnswer, nmiWorld } from "../nmi/world.ts";

const records = "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureassignedidentities";

export type PrincipalWorld = Awaited<ReturnType<typeof principalWorld>>;

/** An API server, Entra ID, and the program nmi between them; pods are addresses of loopback. */
export async function principalWorld(args: readonly string[] = []) {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await nmiWorld());
  const authority = await createAuthority();
  const azure = await createWorld();
  const entra = stack.use(await startEntra({ world: azure, tls: await authority.serverCertificate() })).url;
  const ca = join(cluster.folder, "ca.pem");
  await writeFile(ca, authority.caPem);
  await cluster.kube.call("POST", "/api/v1/namespaces", { metadata: { name: "other" } });
  const nmi = stack.use(await cluster.start([`--allowed-ad-endpoints=${entra}`, ...args], { NODE_EXTRA_CA_CERTS: ca }));
  const all = stack.move();
  let pods = 0;

  return {
    ...cluster,
    azure,
    entra,
    nmi: nmi.program,
    /** Puts an AzureIdentity, its binding, and a pod that has it in place, and gives the pod's address. */
    async bind(name: string, spec: object, namespace = "default"): Promise<string> {
      pods += 1;
      const address = `127.77.0.${pods}`;
      const binding = { azureIdentity: name, selector: name };
      const azureIdentityRef = await cluster.create("AzureIdentity", name, spec, namespace);
      const azureBindingRef = await cluster.create("AzureIdentityBinding", name, binding, namespace);
      await cluster.createPod(name, address, { aadpodidbinding: name });
      const { code } = await cluster.kube.call("POST", records, {
        apiVersion: "aadpodidentity.k8s.io/v1",
        kind: "AzureAssignedIdentity",
        metadata: { name: `${name}-default-${name}`, namespace: "default", labels: { nodename: "node-0" } },
        spec: { azureIdentityRef, azureBindingRef, pod: name, podNamespace: "default", nodename: "node-0" },
        status: { status: "Assigned" },
      });
      if (code !== undefined) throw new Error(`the record of ${name} was refused: ${code}`);
      return address;
    },
    /** Makes a Secret, or gives the one of that name other values. */
    async putSecret(name: string, data: Readonly<Record<string, string | Buffer>>, namespace = "default") {
      const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
      const path = `/api/v1/namespaces/${namespace}/secrets`;
      const body = { metadata: { name, namespace }, data: Object.fromEntries(encoded) };
      const { code } = await cluster.kube.call("POST", path, body);
      if (code === 409) await cluster.kube.call("PATCH", `${path}/${name}`, body);
    },
    /** A token request of the pod at an address. */
    ask(address: string, resource = "https://vault.azure.net", signal?: AbortSignal): Promise<NmiAnswer> {
      const path = `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${encodeURIComponent(resource)}`;
      return askNmi(nmi, { from: address, path, signal });
    },
    async metrics(): Promise<string> {
      const port = /metrics on port (\d+)/.exec(nmi.program.output())?.[1];
      return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
