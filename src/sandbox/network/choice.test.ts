import { expect, it } from "vitest";
import type { Guard } from "../node/guard.ts";
import { chooseNetwork, whyNot } from "./choice.ts";
import { findTools } from "./tools.ts";

const guard: Guard = { mark: "", add: async () => {}, remove: async () => {}, [Symbol.asyncDispose]: async () => {} };
const where = { guard, folder: "/nowhere", path: "/nowhere" };

it("names the programs that are missing", () => {
  expect(findTools("/a:/b", (file) => file !== "/a/ip" && !file.includes("iptables"))).toEqual([
    "iptables",
    "iptables-save",
    "iptables-restore",
  ]);
  expect(findTools("/a:/b", (file) => file.startsWith("/b/"))).toMatchObject({ nsenter: "/b/nsenter", ip: "/b/ip" });
});

it.each([
  { wish: "auto", obstacle: undefined, says: /^forwarders on loopback addresses, as unshare, nsenter, .* are not in/ },
  { wish: "auto", obstacle: "it is Sunday", says: /^forwarders on loopback addresses, as it is Sunday$/ },
  { wish: "forwarders", obstacle: undefined, says: /^forwarders on loopback addresses, as asked$/ },
] as const)("says why there are forwarders: $says", async ({ says, ...wishes }) => {
  const { network, ...chosen } = await chooseNetwork({ ...where, ...wishes });
  await network[Symbol.asyncDispose]();
  expect(network.kind).toBe("forwarders");
  expect(chosen.says).toMatch(says);
});

it("refuses namespaces that cannot be had in one sentence", async () => {
  await expect(chooseNetwork({ ...where, wish: "namespaces" })).rejects.toMatchObject({
    code: "PLATFORM_UNSUPPORTED",
    message: expect.stringMatching(/^--network=namespaces cannot be had here, as unshare.* not installed: change that/),
  });
});

it.each([
  { settings: { "kernel.apparmor_restrict_unprivileged_userns": "1", "user.max_user_namespaces": "63000" } },
  { settings: { "kernel.unprivileged_userns_clone": "0" } },
  { settings: { "user.max_user_namespaces": "0" } },
])("names the setting that keeps namespaces away: $settings", ({ settings }) => {
  const [[name, value] = []] = Object.entries(settings);
  const told = whyNot((setting) => (settings as Record<string, string>)[setting], "unshare failed: Not permitted");
  expect(told).toBe(`unprivileged user namespaces are off (${name}=${value})`);
});

it("else hands on what the program said", () => {
  expect(whyNot(() => "1000", "ip failed: Unknown device type")).toBe(
    "this machine does not let us (ip failed: Unknown device type)",
  );
});
