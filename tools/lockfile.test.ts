import { describe, expect, it } from "vitest";
import { missingEntries, readLockfile } from "./lockfile.ts";

describe("package-lock.json", () => {
  it("names every platform's optional packages, or npm ci refuses it elsewhere (mend: node tools/lockfile.ts)", () => {
    expect(Object.keys(missingEntries(readLockfile()))).toEqual([]);
  });

  it("holds no address of a registry", () => {
    expect(Object.values(readLockfile().packages).filter((entry) => "resolved" in entry)).toEqual([]);
  });
});

describe("missingEntries", () => {
  it("finds a package of another platform that was left out, with its platform", () => {
    const lockfile = {
      packages: {
        "": {},
        "node_modules/tool": {
          version: "1.0.0",
          dev: true,
          optionalDependencies: { "@tool/linux-arm64-musl": "1.0.0" },
        },
      },
    };
    expect(missingEntries(lockfile)).toEqual({
      "node_modules/@tool/linux-arm64-musl": {
        version: "1.0.0",
        dev: true,
        optional: true,
        os: ["linux"],
        cpu: ["arm64"],
        libc: ["musl"],
      },
    });
  });

  it("puts another version of a known package inside its owner", () => {
    const lockfile = {
      packages: {
        "": {},
        "node_modules/fsevents": { version: "2.0.0" },
        "node_modules/tool": { version: "1.0.0", optionalDependencies: { fsevents: "1.0.0" } },
      },
    };
    expect(Object.keys(missingEntries(lockfile))).toEqual(["node_modules/tool/node_modules/fsevents"]);
  });

  it("leaves alone what is there and what is not exact", () => {
    const tool = { version: "1.0.0", optionalDependencies: { here: "1.0.0", loose: "^2.0.0" } };
    expect(
      missingEntries({ packages: { "": {}, "node_modules/tool": tool, "node_modules/here": { version: "1.0.0" } } }),
    ).toEqual({});
  });
});
