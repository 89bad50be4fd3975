import { describe, expect, it } from "vitest";
import { boundNmi, reader, web } from "../../../test/support/bound-nmi.ts";
import { exception, pod } from "../../../test/support/make.ts";
import { ask, nmiNode } from "../../../test/support/nmi/node.ts";
import { type Clock, realClock } from "../../base/clock.ts";

const { imds, bound } = boundNmi();

/** Time that is over as soon as somebody waits for it. */
const hasty: Clock = { ...realClock, sleep: () => Promise.resolve() };
const path = "/host/token/?resource=https://vault.azure.net";
const names = { podns: "default", podname: "web" };
const host = { from: "127.0.0.1", headers: names, uid: 1000 };

describe("a process of the node", () => {
  it("gets a token in the name of a pod, in the original's keys and order", async () => {
    const { status, headers, body } = await ask(bound(), path, host);
    expect([status, headers["Content-Type"]]).toEqual([200, "application/json"]);
    expect(Object.keys(body)).toEqual(["token", "clientid"]);
    expect(body.clientid).toBe(reader.clientId);
    const token = body.token as unknown as Readonly<Record<string, string>>;
    expect(Object.keys(token)).toEqual([
      "access_token",
      "refresh_token",
      "expires_in",
      "expires_on",
      "not_before",
      "resource",
      "token_type",
    ]);
    expect(token).toMatchObject({
      access_token: `token-1-of-${reader.clientId}`,
      refresh_token: "",
      resource: "https://vault.azure.net",
      token_type: "Bearer",
    });
    expect(Object.values(token).every((value) => typeof value === "string")).toBe(true);
  });

  it.each(["/host/token", "/host/token/", "//host/token".slice(1), "/host/./token"])("may ask %s", async (spelled) => {
    expect((await ask(bound(), `${spelled}?resource=https://vault.azure.net`, host)).status).toBe(200);
  });

  it.each([
    { when: "no pod is named", over: { headers: {} }, status: 400, says: "missing 'podname' and 'podns'" },
    { when: "half a pod is named", over: { headers: { podns: "default", podname: "" } }, status: 400, says: "missing" },
    {
      when: "a pod asks",
      over: { from: "10.244.0.2" },
      status: 403,
      says: "request remote address is not from a host",
    },
    { when: "another address of loopback asks", over: { from: "127.0.0.2" }, status: 403, says: "not from a host" },
    { when: "IPv6's loopback asks", over: { from: "::1" }, status: 403, says: "not from a host" },
    {
      when: "a proxy asks",
      over: { headers: { ...names, "x-forwarded-for": "127.0.0.1" } },
      status: 400,
      says: "X-Forwarded-For",
    },
    { when: "no resource is named", target: "/host/token", status: 400, says: "parameter resource cannot be empty" },
    {
      when: "the pod is not of this node",
      over: { headers: { podns: "default", podname: "elsewhere" } },
      status: 404,
      says: "failed to get pod default/elsewhere, error: no pod of this node has that name",
    },
    { when: "the identity is another's", target: `${path}&client_id=another`, status: 404, says: "client ID another" },
  ])("is refused when $when", async ({ target = path, over = {}, status, says }) => {
    const node = bound({ clock: hasty, settings: { setRetryAfterHeader: true } });
    const answer = await ask(node, target, { ...host, ...over });
    expect([answer.status, answer.headers["Retry-After"]]).toEqual([status, undefined]);
    expect(answer.body.error_description).toContain(says);
    expect(imds().requests).toEqual([]);
  });

  it("never hears Retry-After for an identity that is not assigned yet", async () => {
    const node = nmiNode({ imds: imds(), settings: { setRetryAfterHeader: true } });
    node.bind(web, reader, "Created");
    const { status, headers } = await ask(node, path, host);
    expect([status, headers["Retry-After"]]).toEqual([404, undefined]);
  });

  it("gets none for a pod that has ended", async () => {
    const node = bound();
    node.pods.put(pod("web", { status: { phase: "Succeeded" } }));
    expect((await ask(node, path, host)).body.error_description).toContain("the pod has ended");
  });

  it("is told of a pod that is seen a little later", async () => {
    const node = bound();
    node.pods.remove(web);
    const answer = ask(node, path, host);
    node.pods.put(web);
    expect((await answer).status).toBe(200);
  });

  it("gets the token of the pod's identity although the pod is excepted", async () => {
    const node = bound();
    node.exceptions.push(exception("all", { aadpodidbinding: "demo" }));
    expect((await ask(node, path, host)).body.clientid).toBe(reader.clientId);
  });

  it("gets nothing when the pod loses the identity while its token is fetched", async () => {
    const node = bound();
    const release = imds().hold();
    const answer = ask(node, path, host);
    await expect.poll(() => imds().requests.length).toBe(1);
    node.identities.remove(reader);
    release();
    expect((await answer).status).toBe(404);
  });

  it("may be kept to some users", async () => {
    const settings = { hostTokenUids: [0, 1000] };
    expect((await ask(bound({ settings }), path, host)).status).toBe(200);
    const { uid: _, ...unknown } = host;
    for (const other of [{ ...host, uid: 1001 }, unknown]) {
      const { status, body } = await ask(bound({ settings }), path, other);
      expect([status, body.error_description]).toEqual([403, "the user that asks is not in --host-token-uids"]);
    }
  });

  it("stands in the audit of a refusal, too, whoever it is", async () => {
    const { uid: _, ...unknown } = host;
    for (const [other, shown] of [
      [host, "1000"],
      [unknown, '"unknown"'],
    ] as const) {
      const node = bound({ settings: { hostTokenUids: [0] } });
      await ask(node, path, other);
      expect(node.lines.join("")).toMatch(new RegExp(`decision="refused" .*hostUid=${shown} code="HOST_TOKEN_DENIED"`));
    }
  });

  it("stands in the audit with its user, and in the metric under its own path", async () => {
    const node = bound({ clock: hasty });
    await ask(node, path, host);
    await ask(node, path, { ...host, headers: { podns: "default", podname: "gone" } });
    const [granted, refused] = node.lines.filter((line) => line.includes("decision="));
    expect(granted).toMatch(/matched identityType:0 .* decision="granted" .*pod="default\/web" .*hostUid=1000/);
    expect(refused).toMatch(/token refused decision="refused" .*pod="default\/gone" .*hostUid=1000 code="POD_UNKNOWN"/);
    expect(node.lines.join("")).toMatch(/status \(200\) took \d+ ns for req\.method=GET reg\.path=\/host\/token\/ /);
    expect((await node.metrics.expose()).body).toContain('operation_type="/host/token"');
    expect(node.lines.join("")).not.toContain("token-1");
  });
});
