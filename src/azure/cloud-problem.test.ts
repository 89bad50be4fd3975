import { chmod, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { json, watchedSource } from "../../test/support/kube/watched-source.ts";
import { createLog } from "../base/log.ts";
import { CloudSource } from "./cloud-source.ts";

/** Root may read everything, so it is somebody else for the time being. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

const clientOf = ({ access }: CloudSource) => access?.config.signIn.clientId;

describe("CloudSource with a file that cannot be used", () => {
  it("keeps the last good one while the file is half written, says so once, and is well after it", async () => {
    await using one = await watchedSource(json("id-of-mic-1"));
    const before = one.cloud.access;
    for (const written of [130, 140, 150, 150]) {
      await writeFile(one.file, json("id-of-mic-2").slice(0, written));
      await one.look();
    }
    expect(one.cloud.access).toBe(before);
    expect(one.told("E")).toEqual([
      expect.stringMatching(
        /azure\.json cannot be used: it is neither JSON nor YAML, see line 1; MIC goes on with the last good one code="CLOUD_CONFIG_INVALID"\n$/,
      ),
    ]);
    expect(one.cloud.problem).toMatchObject({ code: "CLOUD_CONFIG_INVALID" });
    for (let minutes = 0; minutes < 25; minutes += 5) await one.look(5 * 60_000);
    expect(one.told("E")).toHaveLength(3); // again every ten minutes

    await writeFile(one.file, json("id-of-mic-2"));
    await one.look();
    expect(clientOf(one.cloud)).toBe("id-of-mic-2");
    expect(one.cloud.problem).toBeUndefined();
    expect(one.told("I").filter((line) => /in .*azure\.json can be used again\n$/.test(line))).toHaveLength(1);
  });

  it("keeps the last good one while it may not read the file", async () => {
    await using one = await watchedSource(json("id-of-mic-1"));
    await chmod(one.file, 0);
    await asNobody(() => one.look());
    expect(clientOf(one.cloud)).toBe("id-of-mic-1");
    expect(one.cloud.problem?.message).toMatch(/EACCES\): correct --cloudconfig or the file's permissions$/);
    await chmod(one.file, 0o600);
    await one.look();
    expect(one.cloud.problem).toBeUndefined();
  });

  it("says it again when the file is wrong for another reason", async () => {
    await using one = await watchedSource(json("id-of-mic-1"));
    await writeFile(one.file, json("id-of-mic-2", { cloud: "Azurre", aadClientSecret: "" }));
    await one.look();
    await writeFile(one.file, json("id-of-mic-2", { aadClientSecret: "" }));
    await one.look();
    expect(one.told("E")).toEqual([
      expect.stringMatching(
        /aadClientSecret missing or empty; There is no cloud environment matching the name "Azurre"/,
      ),
      expect.stringMatching(/cannot be used: aadClientSecret missing or empty; MIC goes on/),
    ]);
  });

  it("waits at the start for a file that is corrected later", async () => {
    await using one = await watchedSource("{");
    expect(one.cloud.access).toBeUndefined();
    expect(one.told("E")).toEqual([
      expect.stringMatching(/neither JSON nor YAML, see line 1; MIC waits until it is corrected/),
    ]);
    const waiting = one.cloud.ready(one.stop.signal);
    await writeFile(one.file, json("id-of-mic-1"));
    await one.look();
    expect((await waiting).config.signIn.clientId).toBe("id-of-mic-1");
    const left = AbortSignal.abort(new Error("left"));
    await using other = await watchedSource("{");
    await expect(other.cloud.ready(left)).rejects.toThrow("left");
  });
});

it("does not tell of waiting where nobody waits: what is wrong with the first look is thrown", async () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const cloud = new CloudSource({ file: "/nowhere/missing", env: {}, log, mayWait: false });
  await expect(cloud.load()).rejects.toThrow(/missing/);
  expect(lines).toEqual([]);
});
