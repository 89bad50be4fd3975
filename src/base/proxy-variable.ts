import type { Env } from "./options.ts";

/** Where Node looks up the proxy for https: the first of them that is not empty. HTTP_PROXY is for http alone. */
const NODE_ORDER = ["https_proxy", "HTTPS_PROXY"];

/**
 * What is wrong with the variable that names the proxy for https, in a sentence without its value, which may hold a
 * password; undefined where none is set or requests can go through it.
 * @param names the variables that may name it, in the order in which they are looked up; Node's when absent
 */
export function proxyProblem(env: Env, names: readonly string[] = NODE_ORDER): string | undefined {
  const name = names.find((one) => (env[one] ?? "") !== "");
  if (name === undefined || isProxy(spelledOut(env[name] ?? ""))) return undefined;
  return `variable ${name} does not name a proxy: ${PROXY_FORM}`;
}

/**
 * The environment with whole URLs of proxies, for those who pass by others: http:// is put where no scheme is, as Go and
 * curl have it, and a scheme is in lower case. What names no proxy stays as it is.
 * @param names the variables that may name one; Node's when absent
 */
export function withProxyUrls(env: Env, names: readonly string[] = NODE_ORDER): Env {
  const urls = names.map((name) => [name, spelledOut(env[name] ?? "")] as const);
  return { ...env, ...Object.fromEntries(urls.filter(([, url]) => isProxy(url))) };
}

function spelledOut(value: string): string {
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(value)?.[0];
  if (scheme !== undefined) return scheme.toLowerCase() + value.slice(scheme.length);
  return /^https?:\//i.test(value) ? value : `http://${value}`; // a slash forgotten makes no host called http
}

/** Whether no proxy counts for the host of this URL, by no_proxy or NO_PROXY as Node reads them, but for its ranges. */
export function isExempt(url: URL, env: Env): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const hosts = [host, `${host}:${url.port || "443"}`];
  const list = ["no_proxy", "NO_PROXY"].map((name) => env[name] ?? "").find((value) => value !== "") ?? "";
  const entries = list.split(",").map((entry) => entry.trim().toLowerCase());
  return entries.some((entry) => {
    if (entry === "*" || hosts.includes(entry)) return true;
    const suffix = /^\*?(\..+)$/.exec(entry)?.[1];
    return suffix !== undefined && (host.endsWith(suffix) || entry === `.${host}`);
  });
}

/** How the URL of a proxy is written, for whoever wrote one that is none. */
export const PROXY_FORM =
  "write http://<host>:<port> or http://<user>:<password>@<host>:<port>, with %25 in place of a % and other special characters encoded as in a URL";

/**
 * Whether requests can go through a proxy of this URL. Of some others Node makes no agent, in whose error their password
 * stands, and it passes by the rest: what is no URL of http or https.
 */
export function isProxy(value: string): boolean {
  if (!/^https?:\/\//.test(value) || /[\r\n]/.test(value)) return false;
  try {
    const { username, password } = new URL(value);
    decodeURIComponent(username);
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
}
