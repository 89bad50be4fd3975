import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { createLog } from "../base/log.ts";
import type { Ran } from "./command.ts";
import { forgetConnections } from "./conntrack.ts";
import { spentByProgramsMs } from "./processor-time.ts";
import { RouteLocalnet } from "./route-localnet.ts";

describe("route_localnet", () => {
  async function procSysNet(value: string): Promise<{ readonly folder: string; readonly file: string }> {
    const folder = await mkdtemp(join(tmpdir(), "proc-sys-net-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "ipv4/conf/all/route_localnet");
    await mkdir(join(folder, "ipv4/conf/all"), { recursive: true });
    await writeFile(file, value);
    return { folder, file };
  }

  let lines: string[];
  let repairs: number;
  const localnet = (folder: string) => {
    const onRepair = () => {
      repairs += 1;
    };
    return new RouteLocalnet({ folder, log: createLog({ write: (line) => lines.push(line) }), onRepair });
  };
  beforeEach(() => {
    lines = [];
    repairs = 0;
  });

  it("is set where it is missing, which is no repair", async () => {
    const { folder, file } = await procSysNet("0\n");
    await localnet(folder).ensure();
    expect(await readFile(file, "utf8")).toBe("1\n");
    expect([lines, repairs]).toEqual([[expect.stringMatching(/^I.*set net.ipv4.conf.all.route_localnet to 1/)], 0]);
  });

  it("is left alone where it is set", async () => {
    const { folder } = await procSysNet("1\n");
    await localnet(folder).ensure();
    expect([lines, repairs]).toEqual([[], 0]);
  });

  it("is set again where somebody took it away, which is told and counted", async () => {
    const { folder, file } = await procSysNet("1\n");
    const setting = localnet(folder);
    await setting.ensure();
    await writeFile(file, "0\n");
    await setting.ensure();
    expect(await readFile(file, "utf8")).toBe("1\n");
    expect([lines, repairs]).toEqual([[expect.stringMatching(/^W.*somebody set .*route_localnet to 0/)], 1]);
  });

  it.each([{ when: "set to 0" }, { when: "gone" }])(
    "is seen within half a second to be $when, once",
    async ({ when }) => {
      const { folder, file } = await procSysNet("1\n");
      const [clock, stop] = [new FakeClock(), new AbortController()];
      const setting = localnet(folder);
      let lost = 0;
      const watching = setting.watch(() => (lost += 1), clock, stop.signal);
      const look = async () => {
        await clock.asleep();
        clock.advance(500);
        await clock.asleep();
        return lost;
      };
      expect(await look()).toBe(0);
      await setting.ensure();
      expect(await look()).toBe(0);
      await (when === "gone" ? rm(file) : writeFile(file, "0\n"));
      expect([await look(), await look()]).toEqual([1, 1]);
      await writeFile(file, "0\n");
      await setting.ensure();
      await writeFile(file, "0\n");
      expect(await look()).toBe(2);
      stop.abort();
      await watching;
    },
  );

  it("says what to set where it cannot be", async () => {
    await expect(localnet("/nowhere").ensure()).rejects.toMatchObject({
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
