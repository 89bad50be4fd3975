import { Agent } from "node:https";
import { describe, expect, it } from "vitest";
import type { Env } from "./options.ts";
import { isExempt, proxyProblem, withProxyUrls } from "./proxy-variable.ts";

const good = "http://proxy.corp:3128";
const bad = "http://svc:50%off@proxy.corp:3128";

describe("proxyProblem", () => {
  it.each<Env>([
    {},
    { HTTPS_PROXY: "" },
    { HTTPS_PROXY: good },
    { HTTPS_PROXY: "proxy.corp:3128" },
    { https_proxy: "u:50%25@[::1]:3128" },
    { https_proxy: "HTTPS://proxy.corp" },
    { https_proxy: "https://u:50%25@[::1]" },
    { https_proxy: good, HTTPS_PROXY: bad }, // the first counts, as elsewhere
    { HTTP_PROXY: bad, http_proxy: bad, ALL_PROXY: bad, NO_PROXY: "%,,", no_proxy: "[" }, // not of https, or no URL
  ])("is none: %j", (env) => {
    expect(proxyProblem(env)).toBeUndefined();
    expect(() => new Agent({ proxyEnv: { ...withProxyUrls(env) } })).not.toThrow();
  });

  it.each([
    "http://svc:50%off@proxy.corp:3128",
    "http://100%:hush@proxy.corp:3128",
    "http://u:se cret@:1",
    "http://u:hush@proxy.corp:99999",
    "http://u:hush@proxy.corp\n:3128",
  ])("names the variable and what to write, not its value: %j", (value) => {
    for (const name of ["HTTPS_PROXY", "https_proxy"]) {
      const problem = proxyProblem({ [name]: value }) ?? "";
      expect(problem).toMatch(new RegExp(`^variable ${name} .*write http://.*%25`));
      expect(problem).not.toMatch(/50%off|hush|se cret|proxy\.corp|svc/);
      expect(() => new Agent({ proxyEnv: { [name]: value } })).toThrow();
    }
  });

  it.each([
    "socks5://proxy.corp:1080",
    " http://proxy.corp:3128",
    "http:/proxy.corp:3128",
    "%",
    "u:50%off@proxy.corp:3128",
    "proxy.corp:99999",
    "proxy corp:3128",
  ])("is told of what no request would go through: %j", (value) =>
    expect(proxyProblem({ HTTPS_PROXY: value })).toMatch(/^variable HTTPS_PROXY /),
  );

  it("is told of the first of the names that has a value", () => {
    const names = ["HTTPS_PROXY", "ALL_PROXY"];
    expect(proxyProblem({ ALL_PROXY: bad, HTTPS_PROXY: good }, names)).toBeUndefined();
    expect(proxyProblem({ ALL_PROXY: bad, HTTPS_PROXY: "" }, names)).toMatch(/^variable ALL_PROXY /);
  });
});

describe("withProxyUrls", () => {
  it.each([
    { given: "proxy.corp:3128", read: "http://proxy.corp:3128" },
    { given: "proxy.corp", read: "http://proxy.corp" },
    { given: "u:p@proxy.corp:3128", read: "http://u:p@proxy.corp:3128" },
    { given: "HTTP://Proxy.corp:3128", read: "http://Proxy.corp:3128" },
    { given: "Https://proxy.corp", read: "https://proxy.corp" },
    { given: good, read: good },
    { given: bad, read: bad },
    { given: "", read: "" },
  ])("has $read for $given", ({ given, read }) => {
    const env = { HTTPS_PROXY: given, https_proxy: given, HTTP_PROXY: "other", NO_PROXY: "host" };
    expect(withProxyUrls(env)).toEqual({ ...env, HTTPS_PROXY: read, https_proxy: read });
    expect(withProxyUrls({ HTTP_PROXY: given }, ["HTTP_PROXY", "ALL_PROXY"])).toEqual({ HTTP_PROXY: read });
  });
});

describe("isExempt", () => {
  const url = new URL("https://login.corp.example/x");
  it.each<Env>([
    { NO_PROXY: "*" },
    { no_proxy: "other, LOGIN.corp.example" },
    { NO_PROXY: "login.corp.example:443" },
    { NO_PROXY: ".corp.example" },
    { NO_PROXY: ".login.corp.example" },
    { NO_PROXY: "*.example" },
    { no_proxy: "", NO_PROXY: "*" },
  ])("is true for %j", (env) => expect(isExempt(url, env)).toBe(true));

  it.each<Env>([
    {},
    { NO_PROXY: "" },
    { NO_PROXY: "corp.example,login.corp.example:8443,.orp.example,*.login.corp.example,." },
    { no_proxy: "other", NO_PROXY: "*" }, // the first counts
  ])("is false for %j", (env) => expect(isExempt(url, env)).toBe(false));

  it("knows an address of IPv6 without its brackets", () => {
    expect(isExempt(new URL("https://[::1]:8443"), { NO_PROXY: "::1" })).toBe(true);
  });
});
