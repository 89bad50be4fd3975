import { describe, expect, it } from "vitest";
import { boundNmi, reader, tokenPath, web } from "../../../test/support/bound-nmi.ts";
import { exception, identity, pod } from "../../../test/support/make.ts";
import { ask, nmiNode } from "../../../test/support/nmi/node.ts";
import { type Clock, realClock } from "../../base/clock.ts";
import { createLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { nmiMetrics } from "../metrics.ts";
import { readMetadataPath } from "../routes/metadata-path.ts";
import { tokenFor } from "../routes/token-for.ts";
import { nmiEvents } from "./events.ts";

const { imds, bound } = boundNmi();

/** Time that jumps on as soon as somebody waits for it. */
function hasty(): Clock {
  let ahead = 0;
  return {
    now: () => realClock.now() + ahead,
    monotonic: () => realClock.monotonic() + ahead,
    sleep: async (ms) => {
      ahead += ms;
    },
  };
}

function requestOf(remoteAddress: string, target: string) {
  const { signal } = new AbortController();
  return { method: "GET", target, headers: {}, body: new Uint8Array(), connection: { remoteAddress }, signal };
}

const queryFor = (resource: string) => ({ resource, clientId: undefined, resourceId: undefined, bypassCache: false });

describe("log and metrics", () => {
  it("tell of each token request in the words that people search for", async () => {
    const node = bound();
    await ask(node, tokenPath);
    const messages = node.lines.map((line) => line.slice(line.indexOf("] ") + 2).trim());
    expect(messages).toEqual([
      "no clientID or resourceID in request. default/web has been matched with azure identity default/reader",
      'matched identityType:0 clientid:c1a0##### REDACTED #####6666 resource:https://vault.azure.net decision="granted" ' +
        'identity="default/reader" resource="https://vault.azure.net" clientId="c1a0##### REDACTED #####6666" ' +
        'pod="default/web" uid="uid-of-web" remote="10.244.0.2"',
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

  it("count what the cache answered", async () => {
    const node = bound();
    for (let i = 0; i < 3; i += 1) await ask(node, tokenPath);
    const { body } = await node.metrics.expose();
    const counted = [...body.matchAll(/^aadpodidentity_nmi_token_cache_requests_count\{result="(\w+)"\} (\d+)$/gm)];
    expect(Object.fromEntries(counted.map(([, result, count]) => [result, Number(count)]))).toEqual({
      hit: 2,
      miss: 1,
      shared: 0,
      stale: 0,
      refused: 0,
    });
  });

  it("cannot be made to forge a line or to grow without bound", async () => {
    const node = bound({ clock: hasty() });
    for (let i = 0; i < 60; i += 1) await ask(node, `/metadata/identity/oauth2/token?resource=r${i}%0aE0101`);
    expect(node.lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true);
    const { body } = await node.metrics.expose();
    const resources = new Set([...body.matchAll(/resource="([^"]*)"/g)].map(([, resource]) => resource));
    expect(resources.size).toBe(51);
    expect(resources).toContain("other");
  });

  it("cannot be made to say what only NMI says", async () => {
    const node = bound();
    const forged = encodeURIComponent('x decision="granted"\u00a0pod="kube-system/other"');
    await ask(node, `/metadata/identity/oauth2/token?resource=${forged}`);
    const granted = node.lines.find((line) => line.includes("matched identityType"));
    expect(granted).toContain(" resource:x%20decision=%22granted%22%C2%A0pod=%22kube-system/other%22 decision=");
    expect(granted?.match(/ pod="/g)).toHaveLength(1);
  });

  it("cannot be made to say it by the client ID of a request or an identity either", async () => {
    const clientId = '1 p="';
    const node = nmiNode({ imds: imds() });
    node.bind(web, identity("odd", { spec: { clientID: clientId } }));
    await ask(node, `${tokenPath}&client_id=${encodeURIComponent(clientId)}`);
    expect(node.lines[0]).toContain("clientID in request: 1%20##### REDACTED #####=%22, ");
    expect(node.lines[1]).toContain("clientid:1%20##### REDACTED #####=%22 ");
  });

  it("keep the resources of tokens apart, whatever others ask for in vain", async () => {
    const node = bound();
    for (let i = 0; i < 60; i += 1) await ask(node, `/metadata/identity/oauth2/token?resource=r${i}&client_id=x`);
    await ask(node, "/metadata/identity/oauth2/token?client_id=x");
    await ask(node, tokenPath);
    await ask(node, `${tokenPath}&client_id=x`);
    const { body } = await node.metrics.expose();
    const counts = [...body.matchAll(/_duration_seconds_count\{.*status_code="(\d+)".*resource="(.*)"\} (\d+)/g)];
    expect(counts.map(([, ...parts]) => parts)).toEqual([
      ["404", "other", "60"],
      ["400", "", "1"],
      ["200", "https://vault.azure.net", "1"],
      ["404", "https://vault.azure.net", "1"],
    ]);
  });

  it("tell who made use of an exception, and for what", async () => {
    const node = nmiNode({ imds: imds() });
    node.pods.put(pod("mic", { labels: { component: "mic" } }));
    node.exceptions.push(exception("mic", { component: "mic" }));
    await ask(node, `${tokenPath}&client_id=${reader.clientId}`);
    expect(node.lines[0]).toContain(
      'exception pod default/mic token handling decision="excepted" by="exception" area="token" pod="default/mic" uid="uid-of-mic" ' +
        'remote="10.244.0.2" resource="https://vault.azure.net" clientId="c1a0##### REDACTED #####6666"',
    );
  });

  it("tell of the tokens of an exception, whatever else it causes", async () => {
    const node = nmiNode({ imds: imds() });
    const mic = pod("mic", { labels: { component: "mic" } });
    node.pods.put(mic);
    node.exceptions.push(exception("mic", { component: "mic" }));
    const info = readMetadataPath("/metadata/identity/info");
    for (let i = 0; i < 500; i += 1) {
      info.query.set("resource", `r${i}`);
      node.ports.events.exceptionUsed(requestOf("10.244.0.2", "/"), { pod: mic, pass: "exception" }, info);
    }
    expect(node.lines.length).toBeLessThan(500);
    await ask(node, tokenPath);
    const told = node.lines.filter((line) => line.includes('decision="excepted" by="exception" area="token"'));
    expect(told).toEqual([expect.stringContaining('resource="https://vault.azure.net"')]);
  });

  it("tell who made use of an exception while whoever reads the log is behind", () => {
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line), isBehind: () => true });
    using events = nmiEvents({ log, metrics: new Metrics(nmiMetrics) });
    const path = readMetadataPath(tokenPath);
    events.exceptionUsed(requestOf("10.244.0.2", tokenPath), { pod: web, pass: "exception" }, path);
    expect(lines).toEqual([expect.stringContaining('decision="excepted"')]);
  });

  it("tell why a request was refused", async () => {
    const node = bound();
    await ask(node, `${tokenPath}&client_id=another`);
    expect(node.lines[0]).toContain(
      'token refused decision="refused" resource="https://vault.azure.net" clientId="another" ' +
        'pod="default/web" uid="uid-of-web" remote="10.244.0.2"',
    );
    expect(node.lines[0]).toContain('code="IDENTITY_NOT_BOUND"');
  });

  it("tell of each token that a pod is granted for the first time, whatever it was granted before", async () => {
    const node = bound();
    const request = requestOf("10.244.0.2", tokenPath);
    const { token } = await tokenFor(web, queryFor("old"), node.ports, request.signal);
    for (let i = 0; i < 500; i += 1) {
      node.ports.events.tokenGranted(request, reader, { pod: web, query: queryFor(`old${i}`) }, token);
    }
    const granted = (resource: string) => node.lines.filter((line) => line.includes(` resource="${resource}"`));
    expect(granted("old499")).toEqual([]);
    await ask(node, tokenPath);
    expect(granted("https://vault.azure.net")).toHaveLength(1);
  });

  it("take a client ID for the same however it is spelled", async () => {
    const node = bound();
    await ask(node, `${tokenPath}&client_id=${reader.clientId}`);
    await ask(node, `${tokenPath}&client_id=${reader.clientId.toUpperCase()}`);
    expect(node.lines.filter((line) => line.includes("has been matched"))).toHaveLength(1);
  });

  it("leave room to callers that are no known pods, whatever pods are refused", async () => {
    const node = bound();
    for (let i = 10; i < 16; i += 1) node.pods.put(pod(`web-${i}`, { status: { podIP: `10.244.0.${i}` } }));
    for (let i = 0; i < 600; i += 1) await ask(node, `/x${i}`, { from: `10.244.0.${10 + (i % 6)}` });
    for (let i = 0; i < 600; i += 1) node.ports.events.connectionLimitReached(`10.244.0.${10 + (i % 6)}`);
    await ask(node, "/x", { from: "10.244.0.99" });
    expect(node.lines.filter((line) => line.includes('request refused remote="10.244.0.99"'))).toHaveLength(1);
  });

  it("tell of everything that another pod is granted, whatever one asks for", async () => {
    const node = bound();
    node.bind(pod("api", { status: { podIP: "10.244.0.3" } }), reader);
    await ask(node, tokenPath, { from: "10.244.0.3" });
    for (let i = 0; i < 500; i += 1) await ask(node, `/x${i}`, { from: "10.244.0.9" });
    for (let i = 0; i < 500; i += 1) await ask(node, `${tokenPath}&client_id=client-0&mi_res_id=${i}`);
    for (let i = 0; i < 500; i += 1) await ask(node, `${tokenPath}&mi_res_id=${reader.resourceId}&x=${i}`);
    await ask(node, `${tokenPath}&api-version=another`, { from: "10.244.0.3" });
    const linesOf = (address: string, word: string) =>
      node.lines.filter((line) => line.includes(address) && line.includes(word)).length;
    expect(linesOf("10.244.0.9", "request refused")).toBeLessThan(150);
    expect(linesOf("10.244.0.2", "token refused")).toBeLessThan(150);
    expect(linesOf("10.244.0.2", "matched")).toBeLessThan(10);
    expect(linesOf("10.244.0.2", "status (")).toBeLessThan(150);
    expect(linesOf("10.244.0.3", "status (200)")).toBe(2);
  });
});
