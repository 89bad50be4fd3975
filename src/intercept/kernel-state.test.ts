import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLog } from "../base/log.ts";
import type { Ran } from "./command.ts";
import { forgetConnections } from "./conntrack.ts";
import { spentByProgramsMs } from "./processor-time.ts";
import { ensureRouteLocalnet } from "./route-localnet.ts";

describe("route_localnet", () => {
  async function procSysNet(value: string): Promise<{ readonly folder: string; readonly file: string }> {
    const folder = await mkdtemp(join(tmpdir(), "proc-sys-net-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "ipv4/conf/all/route_localnet");
    await mkdir(join(folder, "ipv4/conf/all"), { recursive: true });
    await writeFile(file, value);
    return { folder, file };
  }

  it("is set where it is missing", async () => {
    const { folder, file } = await procSysNet("0\n");
    expect(await ensureRouteLocalnet(folder)).toBe(true);
    expect(await readFile(file, "utf8")).toBe("1\n");
  });

  it("is left alone where it is set", async () => {
    const { folder } = await procSysNet("1\n");
    expect(await ensureRouteLocalnet(folder)).toBe(false);
  });

  it("says what to set where it cannot be", async () => {
    await expect(ensureRouteLocalnet("/nowhere")).rejects.toMatchObject({
      code: "ROUTE_LOCALNET_OFF",
      message: expect.stringMatching(/\(ENOENT\); run `sysctl -w net.ipv4.conf.all.route_localnet=1` on the node/),
    });
  });
});

describe("connections from before are forgotten", () => {
  it.each([
    { when: "and there were some", ran: { code: 0, stdout: "", stderr: "" }, warns: false },
    {
      when: "and there were none",
      ran: { code: 1, stdout: "", stderr: "conntrack v1.4.7: 0 flow entries have been deleted.\n" },
      warns: false,
    },
    {
      when: "but that is refused",
      ran: { code: 1, stdout: "", stderr: "Operation failed: not permitted\n" },
      warns: true,
    },
    { when: "but conntrack is not installed", ran: undefined, warns: true },
  ])("$when", async ({ ran, warns }) => {
    const lines: string[] = [];
    const calls: string[] = [];
    const run = async (program: string, args: readonly string[]): Promise<Ran | undefined> => {
      calls.push([program, ...args].join(" "));
      return ran;
    };
    await forgetConnections(
      { address: "169.254.169.254", port: 80 },
      run,
      createLog({ write: (line) => lines.push(line) }),
    );
    expect(calls).toEqual([
      "conntrack -D -f ipv4 -p tcp --orig-dst 169.254.169.254 --orig-port-dst 80 --reply-src 169.254.169.254",
    ]);
    expect(lines[0]).toContain("deleting conntrack entries for 169.254.169.254:80");
    expect(lines.some((line) => line.startsWith("W"))).toBe(warns);
  });
});

it("the processor time of programs that were run is known", () => {
  expect(spentByProgramsMs()).toBeGreaterThanOrEqual(0);
});
