import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { FakeImds, identityNotFound } from "../../test/support/azure/fake-imds.ts";
import { identityId } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { createLog } from "../base/log.ts";
import { readConfig } from "../base/options.ts";
import { Metadata } from "../tokens/metadata.ts";
import { checksOf, validate } from "./checks.ts";
import { secretUrl, validatorOptions, validatorProblems } from "./options.ts";

const never = new AbortController().signal;
const byClient = "--identity-client-id=client-1";
const byResource = `--identity-resource-id=${identityId("one")}`;

let imds: FakeImds;
let clock: FakeClock;
/** Who read the secret, by token, and at which path. */
let reads: string[];
let vaultUrl: string;
/** What the vault answers: the value, or a refusal. */
let vault: { status: number; body: string };

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  reads = [];
  vault = { status: 200, body: JSON.stringify({ value: "test-value" }) };
  imds = await FakeImds.start();
  imds.put("client-1", identityId("one"));
  imds.put("");
  const server = createServer(({ url, headers }, response) => {
    reads.push(`${headers.authorization?.replace(/-\d+-/, "-n-")} ${url}`);
    response.writeHead(vault.status, { "Content-Type": "application/json" }).end(vault.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  vaultUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await imds[Symbol.asyncDispose]();
  });
});

function configOf(...argv: readonly string[]) {
  const vaultFlags = [`--keyvault-url=${vaultUrl}`, "--keyvault-secret-name=s", "--keyvault-secret-version=v"];
  return readConfig("identityvalidator", validatorOptions, [...vaultFlags, ...argv], {}).config;
}

/** The lines of all checks, sorted, as they run side by side; and whether they held. */
async function check(...argv: readonly string[]) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const checks = checksOf(configOf(...argv), new Metadata(`http://127.0.0.1:${imds.port}`));
  const result = clock.passUntil(validate(checks, { clock, log }, never), 10_000);
  const ended = await result.then(
    () => "held",
    (reason: Error) => reason.message,
  );
  const said = lines.map((line) => `${line[0]} ${line.slice(line.indexOf("] ") + 2).trim()}`);
  return { said: said.toSorted(), ended };
}

describe("the validator", () => {
  it("reads the secret by client ID and by resource ID, and gets a token of no named identity", async () => {
    expect(await check(byClient, byResource)).toEqual({
      said: [
        "I successfully acquired a service principal token from IMDS",
        "I successfully verified user-assigned identity on pod with identity client ID",
        "I successfully verified user-assigned identity on pod with identity resource ID",
      ],
      ended: "held",
    });
    const own = "Bearer token-n-of-client-1 /secrets/s/v?api-version=7.4";
    expect(reads).toEqual([own, own]);
  });

  it("keeps its checks apart: each asks for its own identity, whatever runs beside it", async () => {
    await check(byClient, byResource);
    const asked = imds.tokenRequests.map((query) =>
      ["client_id", "msi_res_id", "resource"].map((name) => query.get(name)).join(" "),
    );
    expect(asked.toSorted()).toEqual([
      `  https://management.azure.com/`,
      ` ${identityId("one")} https://vault.azure.net`,
      `client-1  https://vault.azure.net`,
    ]);
  });

  it("leaves out what nobody named", async () => {
    const { said } = await check();
    expect(said).toEqual(["I successfully acquired a service principal token from IMDS"]);
    expect(reads).toEqual([]);
  });

  it("tells a wrong value without showing what the secret holds", async () => {
    vault.body = JSON.stringify({ value: "hush" });
    const { said, ended } = await check(byClient);
    expect(said).toContain("E expected [redacted] to be equal to test-value");
    expect(said.join()).not.toContain("hush");
    expect(ended).toBe("1 of 2 checks failed: the log says why");
  });

  it.each([
    {
      when: "refuses",
      answer: { status: 403, body: '{"error":"no access"}' },
      says: /Key Vault answered 403: .*no access/,
    },
    { when: "is something else", answer: { status: 200, body: "<html>" }, says: /no secret/ },
  ])("tells what is wrong where the vault $when", async ({ answer, says }) => {
    vault = answer;
    expect((await check(byClient)).said[0]).toMatch(says);
  });

  it("tells a vault that does not answer", async () => {
    const { said } = await check(byClient, "--keyvault-url=http://127.0.0.1:1");
    expect(said[0]).toBe("E Key Vault at http://127.0.0.1:1 does not answer: check its name and the network");
  });

  it("waits for an identity that Azure does not know yet, and says how often it has", async () => {
    imds.failNext(identityNotFound, identityNotFound);
    const { said, ended } = await check();
    expect(ended).toBe("held");
    expect(said.map((line) => /\((\d+\/\d+)\)/.exec(line)?.[1])).toEqual([undefined, "1/10", "2/10"]);
  });

  it("gives up after ten times, but at once where waiting is no help", async () => {
    imds.remove("client-1");
    const lost = await check(byClient);
    expect(lost.said.filter((line) => line.startsWith("W"))).toHaveLength(10);
    expect(lost.said[0]).toMatch(/^E .*Identity not found/);
    imds.put("client-1");
    imds.failNext({ status: 403, body: { error: "forbidden" } }, { status: 403, body: { error: "forbidden" } });
    const refused = await check(byClient);
    expect(refused.said.map((line) => line[0])).toEqual(["E", "E"]);
    expect(refused.ended).toBe("2 of 2 checks failed: the log says why");
  });
});

it("what the checks by ID lack is told at the start", () => {
  const problems = (...argv: readonly string[]) =>
    validatorProblems(readConfig("identityvalidator", validatorOptions, argv, {}).config);
  expect(problems()).toEqual([]);
  expect(problems("--sleep", byClient)).toEqual([]);
  expect(problems(byClient, "--keyvault-name=v", "--keyvault-secret-name=s")).toEqual([]);
  expect(problems(byResource)).toEqual([
    expect.stringMatching(/^--keyvault-name is empty/),
    expect.stringMatching(/^--keyvault-secret-name is empty/),
  ]);
});

it("the secret is read in the named vault, its newest version unless another is named", () => {
  const url = (...argv: readonly string[]) =>
    secretUrl(readConfig("identityvalidator", validatorOptions, ["--keyvault-secret-name=s", ...argv], {}).config);
  expect(url("--keyvault-name=team")).toBe("https://team.vault.azure.net/secrets/s?api-version=7.4");
  expect(url("--keyvault-url=https://v.example/", "--keyvault-secret-version=1")).toBe(
    "https://v.example/secrets/s/1?api-version=7.4",
  );
});
