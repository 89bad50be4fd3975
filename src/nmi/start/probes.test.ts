import { expect, it } from "vitest";
import { serveMetrics } from "../../base/endpoints.ts";
import { Metrics } from "../../base/metrics.ts";
import { BoundedLabel, nmiMetrics } from "../metrics.ts";
import { serveProbes } from "./probes.ts";

it("probes tell whether pods are served, as the original's and as Kubernetes wants it", async () => {
  let isActive = false;
  await using probes = await serveProbes(() => isActive, 0);
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${probes.port}${path}`);
    return [response.status, await response.text()];
  };
  expect(await get("/healthz")).toEqual([200, "Not Active"]);
  expect(await get("/readyz")).toEqual([503, "Not Active"]);
  expect(await get("/livez")).toEqual([200, "Alive"]);
  isActive = true;
  expect(await get("/healthz")).toEqual([200, "Active"]);
  expect(await get("/readyz")).toEqual([200, "Active"]);
  expect(await get("/debug/pprof/")).toEqual([404, "Not Found"]);
});

it("readiness says what is missing, while health keeps to the original's words", async () => {
  await using probes = await serveProbes(
    () => false,
    0,
    () => "the rules are gone",
  );
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${probes.port}${path}`)).text();
  expect([await get("/readyz"), await get("/healthz")]).toEqual(["Not Active: the rules are gone", "Not Active"]);
});

it("metrics are served under their path only", async () => {
  const metrics = new Metrics(nmiMetrics);
  metrics.count("aadpodidentity_imds_operations_errors_count", { operation_type: "adal_token_msi_userassignedid" });
  await using server = await serveMetrics(metrics, 0);
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  expect(response.headers.get("Content-Type")).toMatch(/^text\/plain/);
  expect(await response.text()).toContain(
    'aadpodidentity_imds_operations_errors_count{operation_type="adal_token_msi_userassignedid"} 1',
  );
  expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404);
});

it("a label takes so many values, then says other", () => {
  const label = new BoundedLabel(2);
  expect(["a", "b", "c", "a"].map((value) => label.of(value, true))).toEqual(["a", "b", "other", "a"]);
});
