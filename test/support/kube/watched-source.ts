import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { AzureAccess } from "../../../src/azure/azure-access.ts";
import { CloudSource } from "../../../src/azure/cloud-source.ts";
import { createLog } from "../../../src/base/log.ts";
import { FakeClock } from "../time/fake-clock.ts";

/** Where azure.json says that MIC is. */
export const place = { cloud: "AzurePublicCloud", subscriptionId: "sub", resourceGroup: "rg", tenantId: "tenant" };
/** What azure.json holds. */
export const json = (clientId: string, over: object = {}) =>
  JSON.stringify({ ...place, aadClientId: clientId, aadClientSecret: "hush-secret", ...over });
const EVERY_MS = 5_000;

/** A source on a file of its own, looked at whenever told; both are gone at the end. */
export async function watchedSource(
  content: string | undefined,
  env: Record<string, string> = {},
  clock = new FakeClock(),
) {
  const folder = await mkdtempDisposable(join(tmpdir(), "cloud-source-"));
  const file = join(folder.path, "azure.json");
  if (content !== undefined) await writeFile(file, content);
  const lines: string[] = [];
  const changes: (AzureAccess | undefined)[] = [];
  const problems: unknown[] = [];
  const note = () => problems.push(`${cloud.problem?.message}${JSON.stringify(cloud.problem?.facts)}`);
  const cloud: CloudSource = new CloudSource({
    file,
    env,
    clock,
    log: createLog({ write: (line) => lines.push(line) }),
    onChange: () => changes.push(cloud.access),
  });
  const stop = new AbortController();
  const running = cloud.run(stop.signal);
  await clock.asleep();
  note();
  const look = async (afterMs = EVERY_MS) => {
    clock.advance(afterMs);
    await clock.asleep();
    note();
  };
  const told = (letter: string) => lines.filter((line) => line.startsWith(letter));
  const end = async () => {
    stop.abort();
    await running;
    await folder.remove();
    // Whatever happened: no line and no sentence may hold a secret.
    expect([...lines, ...problems].join("")).not.toMatch(/hush|PRIVATE KEY/);
  };
  return { cloud, file, folder: folder.path, lines, told, changes, look, stop, [Symbol.asyncDispose]: end };
}
