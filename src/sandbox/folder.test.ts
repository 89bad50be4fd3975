import { existsSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { createLog } from "../base/log.ts";
import { newFolder } from "./folder.ts";
import { startGuard } from "./node/guard.ts";

const log = createLog({ write: () => {} });

it("is guarded before it is there, is this user's alone, and goes with its guard", async () => {
  const stack = new AsyncDisposableStack();
  let wasThere: boolean | undefined;
  const { folder } = await newFolder(stack, log, async (options) => {
    const guard = await startGuard(options);
    wasThere = existsSync(options.folder);
    return guard;
  });
  expect(wasThere).toBe(false);
  expect((statSync(folder).mode & 0o777).toString(8)).toBe("700");
  await stack.disposeAsync();
  expect(existsSync(folder)).toBe(false);
});
