import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { startProgram } from "../support/program.ts";
import { onTerminal, terminalMissing } from "../support/terminal.ts";
import { eventually } from "../support/time/eventually.ts";

const missing = terminalMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
const program = join(import.meta.dirname, "../../bin/podid");
const COLUMNS = 50;
const CLEAR = "\r\u001b[K";
const CTRL_C = "\u0003";

/** Creates an object with what the sandbox tells people to use. */
async function create(kubeconfig: string, path: string, body: object): Promise<number> {
  const { clusters, users } = parse(readFileSync(kubeconfig, "utf8"));
  const { server, "certificate-authority-data": ca } = clusters[0].cluster;
  const headers = { authorization: `Bearer ${users[0].user.token}`, "content-type": "application/json" };
  const status = await new Promise<number>((resolve, reject) => {
    request(`${server}${path}`, { method: "POST", headers, ca: Buffer.from(ca, "base64") }, (response) => {
      void text(response).then(() => resolve(response.statusCode ?? 0));
    })
      .on("error", reject)
      .end(JSON.stringify(body));
  });
  return status;
}

const kubeconfigIn = (shown: string) => /export KUBECONFIG=(\S+)/.exec(shown)?.[1] ?? "";

it.skipIf(missing !== undefined)(
  `podid sandbox keeps one line of how things stand on a terminal${reason}`,
  async () => {
    await using terminal = onTerminal(`${program} sandbox`, COLUMNS);
    const line = () => terminal.shown().split(CLEAR).at(-1);
    await eventually(line).toMatch(/^2 nodes · no pods · no MIC leads · 0 tokens · No/); // what a node said last, cut
    const pod = { metadata: { name: "waits" }, spec: { containers: [{ name: "main", image: "none:1" }] } };
    expect(await create(kubeconfigIn(terminal.shown()), "/api/v1/namespaces/default/pods", pod)).toBe(201);
    await eventually(line).toMatch(/^2 nodes · 1 pod: 1 \w+ · no MIC leads · /);
    expect(line()).toMatch(/…$/); // cut, or it could not be drawn over
    expect(line()).toHaveLength(COLUMNS - 1);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(0);
    expect(terminal.shown().endsWith(CLEAR)).toBe(true); // nothing stays of it
  },
);

it("podid sandbox says what a pipe needs, once, and is quiet then", async () => {
  await using sandbox = startProgram("podid", ["sandbox"]);
  await sandbox.says("Ctrl-C ends it");
  const before = sandbox.output();
  const pod = { metadata: { name: "waits" }, spec: { containers: [{ name: "main", image: "none:1" }] } };
  expect(await create(kubeconfigIn(before), "/api/v1/namespaces/default/pods", pod)).toBe(201);
  sandbox.kill("SIGINT");
  const { code, stdout, stderr } = await sandbox.ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toBe(before);
  expect(stdout).not.toContain("\u001b");
});
