import { describe, expect, it } from "vitest";
import { mountsOf, relocated } from "./mounts.ts";

const volumes = new Map([
  ["azure", "/node/etc/kubernetes/azure.json"],
  ["run", "/pod/run"],
  ["all", "/pod/all"],
]);
const mounts = mountsOf(
  {
    name: "main",
    volumeMounts: [
      { name: "run", mountPath: "/run/started/" },
      { name: "azure", mountPath: "/etc/kubernetes/azure.json" },
      { name: "all", mountPath: "/run", subPath: "part" },
    ],
  },
  volumes,
);

describe("relocated", () => {
  it.each([
    ["--cloudconfig=/etc/kubernetes/azure.json", "--cloudconfig=/node/etc/kubernetes/azure.json"],
    ["/run/started/nmi", "/pod/run/nmi"],
    ["[ -e /run/started/nmi ] || exit 1", "[ -e /pod/run/nmi ] || exit 1"],
    ["/run/other", "/pod/all/part/other"],
    ["a:/run,b", "a:/pod/all/part,b"],
  ])("finds the mount in %s", (text, then) => {
    expect(relocated(text, mounts)).toBe(then);
  });

  it.each(["/var/run/started", "/running", "/run-off", "./run", "/etc/kubernetes/azure.json.old"])(
    "leaves %s",
    (text) => {
      expect(relocated(text, mounts)).toBe(text);
    },
  );
});

it.each(["..", "../x", "a/../../x"])("mounts nothing outside a volume: %s", (subPath) => {
  const container = { name: "main", volumeMounts: [{ name: "all", mountPath: "/v", subPath }] };
  expect(() => mountsOf(container, volumes)).toThrow(`subPath "${subPath}" of volume "all" must not contain '..'`);
});
