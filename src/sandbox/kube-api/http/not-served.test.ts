import { expect, it } from "vitest";
import { call } from "../../../../test/support/kube/kube-call.ts";
import { startKubeApi } from "../server.ts";

const PODS = "/api/v1/namespaces/default/pods/a";

it.each([
  ["POST", `${PODS}/exec?command=ls`, /exec: no command/],
  ["GET", `${PODS}/exec?command=ls`, /exec: no command/],
  ["GET", `${PODS}/attach`, /kubectl logs/],
  ["GET", `${PODS}/portforward`, /its own address/],
  ["GET", "/api/v1/namespaces/default/persistentvolumeclaims", /no disks/],
  ["POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", /kubectl scale/],
  ["GET", "/apis/networking.k8s.io/v1/namespaces/default/ingresses/a", /from outside/],
  ["GET", "/apis/networking.k8s.io/v1/networkpolicies", /everything through/],
  ["GET", "/apis/certificates.k8s.io/v1/certificatesigningrequests", /signs certificates/],
])("says of %s %s that it is not done here", async (method, path, why) => {
  await using api = await startKubeApi();
  const { code, body } = await call(api.url, method, path);
  expect(code).toBe(501);
  expect(body).toMatchObject({ reason: "NotImplemented", message: expect.stringMatching(why) });
});

it("names the kinds that are not here, so that kubectl asks and hears why", async () => {
  await using api = await startKubeApi();
  const { body } = await call(api.url, "GET", "/apis/networking.k8s.io/v1");
  const names = (body.resources as { name: string; shortNames: string[] }[]).map(({ name, shortNames }) => [
    name,
    shortNames,
  ]);
  expect(names).toEqual([
    ["ingresses", ["ing"]],
    ["networkpolicies", ["netpol"]],
  ]);
});

it.each([`${PODS}/nothing`, "/api/v1/nothings", "/apis/networking.k8s.io/v1/nothings"])("has no %s", async (path) => {
  await using api = await startKubeApi();
  expect((await call(api.url, "GET", path)).code).toBe(404);
});
