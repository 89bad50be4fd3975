import { describe, expect, it, onTestFinished } from "vitest";
import { FakeImds } from "../support/azure/fake-imds.ts";
import { identityId } from "../support/make.ts";
import { nmiWorld } from "../support/nmi/world.ts";
import { runProgram, startProgram } from "../support/program.ts";

describe("identityvalidator", () => {
  async function metadata(): Promise<FakeImds> {
    const imds = await FakeImds.start();
    onTestFinished(() => imds[Symbol.asyncDispose]());
    return imds;
  }
  const at = ({ port }: FakeImds) => ({
    AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${port}`,
    E2E_TEST_POD_NAMESPACE: "default",
    E2E_TEST_POD_NAME: "web",
    E2E_TEST_POD_IP: "10.0.0.1",
  });

  it("ends with 0 where all checks hold, and writes no token", async () => {
    const imds = await metadata();
    imds.put("");
    const { code, stderr } = await runProgram("identityvalidator", [], { env: at(imds) });
    expect(code).toBe(0);
    expect(stderr).toContain("starting identity validator pod default/web with pod IP 10.0.0.1");
    expect(stderr).toContain("successfully acquired a service principal token from IMDS");
    expect(stderr).not.toContain("token-1");
  });

  it("ends with 1 where one does not", async () => {
    const imds = await metadata();
    imds.failNext({ status: 403, body: { error: "forbidden", error_description: "no identity" } });
    const { code, stderr } = await runProgram("identityvalidator", [], { env: at(imds) });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/E\d.*forbidden: no identity[\s\S]*1 of 1 checks failed/),
    ]);
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("sleeps until %s tells it to stop", async (signal) => {
    const imds = await metadata();
    await using program = startProgram("identityvalidator", ["--sleep"], { env: at(imds) });
    await program.says("entering sleep mode");
    program.kill(signal);
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).toContain(`received ${signal}, shutting down`);
    expect(imds.requests).toEqual([]);
  });
});

it("simple lists what is there, and ends", async () => {
  await using world = await nmiWorld();
  await world.create("AzureIdentity", "demo", { type: 0, resourceID: identityId("demo"), clientID: "c" });
  await world.create("AzureIdentityBinding", "demo-binding", { azureIdentity: "demo", selector: "demo" });
  const { code, stdout, stderr } = await runProgram("simple", [`--kubeconfig=${world.folder}/kubeconfig`]);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/Identities len: 1\n[\s\S]*bindings len: 1\n/);
  const objects = stdout.replace("done !", "").trim().split("\n\n");
  expect(objects.map((text) => JSON.parse(text))).toMatchObject([
    { kind: "AzureIdentity", spec: { clientID: "c" } },
    { kind: "AzureIdentityBinding", spec: { azureIdentity: "demo" } },
  ]);
  expect(stdout).toMatch(/\ndone !\n$/);
});

it("simple says so where it is neither in a pod nor has a kubeconfig", async () => {
  const { code, stderr } = await runProgram("simple", []);
  expect(code).toBe(2);
  expect(stderr).toContain("--kubeconfig not passed will use InClusterConfig");
});
