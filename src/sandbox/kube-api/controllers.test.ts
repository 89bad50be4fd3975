import { expect, it } from "vitest";
import { shortPod } from "../../../test/support/kube/fresh-kube-api.ts";
import { call } from "../../../test/support/kube/kube-call.ts";
import { startKubeApi } from "./server.ts";

const accounts = (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`;

it("gives each namespace its service account, and makes it again", async () => {
  await using api = await startKubeApi({ controllers: true });
  await call(api.url, "POST", "/api/v1/namespaces", { metadata: { name: "mine" } });
  for (const namespace of ["default", "mine"]) {
    expect(await call(api.url, "GET", `${accounts(namespace)}/default`)).toMatchObject({ code: 200 });
  }
  const { body } = await call(api.url, "GET", `${accounts("mine")}/default`);
  await call(api.url, "DELETE", `${accounts("mine")}/default`);
  const again = await call(api.url, "GET", `${accounts("mine")}/default`);
  expect(again.body.metadata?.uid).toEqual(expect.any(String));
  expect(again.body.metadata?.uid).not.toBe(body.metadata?.uid);
});

it("lets a namespace go with its service account", async () => {
  await using api = await startKubeApi({ controllers: true });
  await call(api.url, "POST", "/api/v1/namespaces", { metadata: { name: "mine" } });
  await call(api.url, "DELETE", "/api/v1/namespaces/mine");
  expect(await call(api.url, "GET", "/api/v1/namespaces/mine")).toMatchObject({ code: 404 });
  expect(await call(api.url, "GET", `${accounts("mine")}/default`)).toMatchObject({ code: 404 });
});

it("takes a pod only when its service account is there", async () => {
  await using api = await startKubeApi({ controllers: true });
  const pods = "/api/v1/namespaces/default/pods";
  const message =
    'pods "a" is forbidden: error looking up service account default/mine: serviceaccount "mine" not found';
  const pod = shortPod("a", { serviceAccountName: "mine" });
  expect(await call(api.url, "POST", pods, pod)).toMatchObject({ code: 403, body: { message } });
  await call(api.url, "POST", accounts("default"), { metadata: { name: "mine" } });
  expect(await call(api.url, "POST", pods, pod)).toMatchObject({ code: 201 });
});
