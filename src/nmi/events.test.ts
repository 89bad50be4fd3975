import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeImds } from "../../test/support/fake-imds.ts";
import { identity, pod } from "../../test/support/make.ts";
import { ask, type NmiNode, nmiNode } from "../../test/support/nmi-node.ts";

const token = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
const web = pod("web");
const reader = identity("reader", { spec: { clientID: "c1a0aaaa-1111-4222-8333-444455556666" } });

let imds: FakeImds;
beforeEach(async () => {
  imds = await FakeImds.start();
});
afterEach(() => imds[Symbol.asyncDispose]());

function bound(options: Partial<Parameters<typeof nmiNode>[0]> = {}): NmiNode {
  const node = nmiNode({ imds, ...options });
  node.bind(web, reader);
  return node;
}

describe("log and metrics", () => {
  it("tell of each token request in the words that people search for", async () => {
    const node = bound();
    await ask(node, token);
    const messages = node.lines.map((line) => line.slice(line.indexOf("] ") + 2).trim());
    expect(messages).toEqual([
      "no clientID or resourceID in request. default/web has been matched with azure identity default/reader",
      'matched identityType:0 clientid:c1a0##### REDACTED #####6666 resource:https://vault.azure.net decision="granted" ' +
        'pod="default/web" uid="uid-of-web" identity="default/reader" remote="10.244.0.2"',
      expect.stringMatching(
        /^status \(200\) took \d+ ns for req\.method=GET reg\.path=\/metadata\/identity\/oauth2\/token req\.remote=10\.244\.0\.2$/,
      ),
    ]);
    const { body } = await node.metrics.expose();
    expect(body).toContain(
      'aadpodidentity_nmi_operations_duration_seconds_count{operation_type="/metadata/identity/oauth2/token",' +
        'status_code="200",namespace="default",resource="https://vault.azure.net"} 1',
    );
    expect(body).toContain(
      'aadpodidentity_imds_operations_duration_seconds_count{operation_type="adal_token_msi_userassignedid"} 1',
    );
  });

  it("cannot be made to forge a line or to grow without bound", async () => {
    const node = bound();
    for (let i = 0; i < 60; i += 1)
      await ask(node, `/metadata/identity/oauth2/token?resource=r${i}%0aE0101&client_id=x`);
    expect(node.lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true);
    const { body } = await node.metrics.expose();
    const resources = new Set([...body.matchAll(/resource="([^"]*)"/g)].map(([, resource]) => resource));
    expect(resources.size).toBe(51);
    expect(resources).toContain("other");
  });

  it("tell why a request was refused", async () => {
    const node = bound();
    await ask(node, `${token}&client_id=another`);
    expect(node.lines[0]).toContain(
      'token refused decision="refused" resource="https://vault.azure.net" pod="default/web"',
    );
    expect(node.lines[0]).toContain('code="IDENTITY_NOT_BOUND"');
  });
});
