import { expect, it } from "vitest";
import { call } from "../../../../test/support/kube/kube-call.ts";
import { startKubeApi } from "../server.ts";
import { unserved } from "./not-served.ts";

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
  ["POST", "/api/v1/namespaces/default/replicationcontrollers", /ReplicationController: use a Deployment/],
  ["POST", "/api/v1/namespaces/default/bindings", /the pod's own binding/],
  ["POST", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", /nobody is asked/],
  ["POST", "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", /kubectl scale/],
  ["GET", "/apis/events.k8s.io/v1/events", /core group/],
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
  const expected = [
    ["ingresses", ["ing"]],
    ["networkpolicies", ["netpol"]],
  ];
  expect(names).toEqual(expect.arrayContaining(expected));
});

it.each([`${PODS}/nothing`, "/api/v1/nothings", "/apis/networking.k8s.io/v1/nothings"])("has no %s", async (path) => {
  await using api = await startKubeApi();
  expect((await call(api.url, "GET", path)).code).toBe(404);
});

it("has none of them in kubectl get all, which would fail by it", () => {
  expect(unserved.filter(({ categories }) => categories.length > 0)).toEqual([]);
});
