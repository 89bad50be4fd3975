import { describe, expect, it } from "vitest";
import { serveMetrics } from "../base/endpoints.ts";
import { Metrics } from "../base/metrics.ts";
import { micMetrics } from "./metrics.ts";
import { serveProbes } from "./probes.ts";

async function ask(port: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${answer.status} ${await answer.text()}`;
}

describe("probes", () => {
  it.each([
    {
      state: "starting",
      isActive: false,
      why: "nobody has told us anything",
      isStuck: false,
      healthz: "200 Not Active",
      readyz: "503 Not Ready: nobody has told us anything",
      livez: "200 Alive",
    },
    {
      state: "standing by",
      isActive: false,
      why: undefined,
      isStuck: false,
      healthz: "200 Not Active",
      readyz: "200 Ready",
      livez: "200 Alive",
    },
    {
      state: "leading",
      isActive: true,
      why: undefined,
      isStuck: false,
      healthz: "200 Active",
      readyz: "200 Ready",
      livez: "200 Alive",
    },
    {
      state: "hanging",
      isActive: true,
      why: undefined,
      isStuck: true,
      healthz: "200 Active",
      readyz: "200 Ready",
      livez: "503 Stuck",
    },
  ])("tell that MIC is $state", async ({ isActive, why, isStuck, healthz, readyz, livez }) => {
    const health = { isActive: () => isActive, notReady: () => why, isStuck: () => isStuck };
    await using server = await serveProbes(health, 0);
    const answers = await Promise.all(
      ["/healthz", "/readyz", "/livez?verbose", "/debug/pprof/"].map((path) => ask(server.port, path)),
    );
    expect(answers).toEqual([healthz, readyz, livez, "404 Not Found"]);
  });
});

describe("metrics", () => {
  it("carry the original's names, and are there before anything happened", async () => {
    await using server = await serveMetrics(new Metrics(micMetrics), 0);
    const body = await ask(server.port, "/metrics");
    expect(body).toContain("aadpodidentity_mic_cycle_count 0");
    expect(body).toContain('aadpodidentity_assigned_identity_addition_duration_seconds_bucket{le="0.05"} 0');
    for (const operation of ["vm_get", "vm_update", "vmss_get", "vmss_update"]) {
      const label = `{operation_type="${operation}"}`;
      expect(body).toContain(`aadpodidentity_cloud_provider_operations_errors_count${label} 0`);
      expect(body).toContain(`aadpodidentity_cloud_provider_operations_duration_seconds_count${label} 0`);
    }
    for (const name of Object.keys(micMetrics)) {
      expect(body).toContain(`# TYPE ${name} `);
      expect(body).toMatch(new RegExp(`^${name}(_count)?(\\{.*\\})? 0$`, "m"));
    }
    expect(await ask(server.port, "/")).toMatch(/^404/);
  });

  it("show a gauge that is followed as it is when it is asked for", async () => {
    const metrics = new Metrics(micMetrics);
    let length = 3;
    metrics.follow("aadpodidentity_mic_quarantined_identities", () => length);
    expect((await metrics.expose()).body).toMatch(/^aadpodidentity_mic_quarantined_identities 3$/m);
    length = 0;
    expect((await metrics.expose()).body).toMatch(/^aadpodidentity_mic_quarantined_identities 0$/m);
  });
});
