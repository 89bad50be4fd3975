import { expect, it } from "vitest";
import { readSecret } from "../api/secret.ts";
import { Fault } from "../base/fault.ts";
import { rememberRecent } from "./recent-provers.ts";

const secret = (name: string, resourceVersion = "1") =>
  readSecret({ metadata: { name, namespace: "default", uid: "u", resourceVersion }, data: {} });

it("reads what a Secret holds once in half a minute and version, whether it is of use or not", async () => {
  let now = 0;
  const reads: string[] = [];
  const read = rememberRecent(
    async ({ meta }) => {
      reads.push(`${meta.name} ${meta.resourceVersion}`);
      if (meta.name === "bad") throw new Fault("SECRET_INVALID", "no");
      return () => ({ fields: {}, confidential: [] });
    },
    () => now,
  );
  await read(secret("good"), 0);
  await expect(read(secret("bad"), 0)).rejects.toMatchObject({ code: "SECRET_INVALID" });
  now = 29_999;
  await read(secret("good"), 0);
  await expect(read(secret("bad"), 0)).rejects.toMatchObject({ code: "SECRET_INVALID" });
  expect(reads).toEqual(["good 1", "bad 1"]);
  await read(secret("good", "2"), 0);
  expect(reads.at(-1)).toBe("good 2");
  now = 30_000;
  await expect(read(secret("bad"), 0)).rejects.toThrow("no");
  expect(reads.length).toBe(4);
  now = 59_999;
  await read(secret("good", "2"), 0);
  expect(reads.length).toBe(5);
});
