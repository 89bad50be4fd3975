import { expect, it } from "vitest";
import { type Answer, call } from "../../../../test/support/kube/kube-call.ts";
import { type KubeApi, startKubeApi } from "../server.ts";

const NS = "/api/v1/namespaces/default";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const admin = { token: "sesame" };

function start(): Promise<KubeApi> {
  return startKubeApi({ tokens: new Map([["sesame", "alice"]]) });
}

/** A token of the new account `reader`, bound to what the spec says. */
async function tokenOf(api: KubeApi, spec: object = {}): Promise<string> {
  await call(api.url, "POST", `${NS}/serviceaccounts`, { metadata: { name: "reader" } }, admin);
  const { body } = await call(api.url, "POST", `${NS}/serviceaccounts/reader/token`, { spec }, admin);
  return (body.status as { token: string }).token;
}

function list(api: KubeApi, token: string): Promise<Answer> {
  return call(api.url, "GET", `${NS}/pods`, undefined, { token });
}

it("knows a service account by its token, and what its role allows", async () => {
  await using api = await start();
  const token = await tokenOf(api);
  const message = 'pods is forbidden: User "system:serviceaccount:default:reader" cannot list resource "pods" in';
  expect(await list(api, token)).toMatchObject({ code: 403, body: { message: expect.stringContaining(message) } });

  const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }];
  await call(api.url, "POST", `${RBAC}/namespaces/default/roles`, { metadata: { name: "r" }, rules }, admin);
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" };
  const subjects = [{ kind: "ServiceAccount", name: "reader", namespace: "default" }];
  const binding = { metadata: { name: "r" }, roleRef, subjects };
  await call(api.url, "POST", `${RBAC}/namespaces/default/rolebindings`, binding, admin);

  expect(await list(api, token)).toMatchObject({ code: 200 });
});

it("takes no token of an account that is gone, nor of one that has its name since", async () => {
  await using api = await start();
  const token = await tokenOf(api);
  await call(api.url, "DELETE", `${NS}/serviceaccounts/reader`, undefined, admin);
  expect(await list(api, token)).toMatchObject({ code: 401 });
  const other = await tokenOf(api);
  expect(await list(api, token)).toMatchObject({ code: 401 });
  expect(await list(api, other)).toMatchObject({ code: 403 });
});

it("takes no token once the pod that it is bound to is gone", async () => {
  await using api = await start();
  const spec = { serviceAccountName: "reader", containers: [{ name: "a", image: "b" }] };
  await call(api.url, "POST", `${NS}/pods`, { metadata: { name: "p" }, spec }, admin);
  const token = await tokenOf(api, { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } });
  expect(await list(api, token)).toMatchObject({ code: 403 });
  await call(api.url, "DELETE", `${NS}/pods/p`, undefined, admin);
  expect(await list(api, token)).toMatchObject({ code: 401 });
});

it("takes no token that is for others, or that somebody changed", async () => {
  await using api = await start();
  const token = await tokenOf(api, { audiences: ["api://elsewhere"] });
  expect(await list(api, token)).toMatchObject({ code: 401 });
  const [header = "", , signature = ""] = (await tokenOf(api)).split(".");
  const claims = { aud: ["https://kubernetes.default.svc.cluster.local"], sub: "system:serviceaccount:default:other" };
  const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
  expect(await list(api, forged)).toMatchObject({ code: 401 });
});

it("shows the key that signs tokens where OpenID Connect looks for it", async () => {
  await using api = await start();
  const token = await tokenOf(api);
  const keys = await call(api.url, "GET", "/openid/v1/jwks", undefined, { token });
  const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
  expect(keys).toMatchObject({ code: 200, body: { keys: [{ kid, alg: "RS256", kty: "RSA" }] } });
});
