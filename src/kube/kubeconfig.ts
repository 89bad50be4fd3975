import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Cluster, KubeConfig } from "@kubernetes/client-node";
import { Fault } from "../base/fault.ts";
import { isProxy, PROXY_FORM } from "../base/proxy-variable.ts";
import { Secret } from "../base/secret.ts";
import { SingleFlight } from "../base/single-flight.ts";
import type { Credentials, KubeAccess } from "./access.ts";
import { type Environment, inClusterAccess } from "./in-cluster.ts";

/**
 * Access through a kubeconfig, or as a pod of the cluster when the path is empty. `env` is the program's environment.
 * @throws Fault KUBECONFIG_MISSING, FILE_UNREADABLE or FILE_INVALID
 */
export async function loadAccess(kubeconfig: string, env: Environment): Promise<KubeAccess> {
  return kubeconfig === "" ? inClusterAccess(env) : await kubeconfigAccess(kubeconfig);
}

async function kubeconfigAccess(path: string): Promise<KubeAccess> {
  const { cluster, reader } = await openKubeconfig(path);
  let latest = reader;
  const asked = new SingleFlight<Credentials>();
  const read = async (areRefused: boolean) => {
    if (areRefused) latest = (await openKubeconfig(path)).reader; // it may have been written anew
    return await readCredentials(latest, path);
  };
  return {
    server: cluster.server.replace(/\/+$/, ""),
    ...(cluster.tlsServerName === undefined ? {} : { tlsServerName: cluster.tlsServerName }),
    ...(cluster.proxyUrl === undefined ? {} : { proxy: cluster.proxyUrl }),
    // An exec plug-in runs once, however many requests wait for it.
    credentials: (areRefused = false) => asked.run(String(areRefused), () => read(areRefused)),
  };
}

async function openKubeconfig(path: string): Promise<{ readonly cluster: Cluster; readonly reader: KubeConfig }> {
  const text = await readKubeconfig(path);
  // Loaded only here: with its packages it costs a program in a pod 60 MB and most of a second.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new Fault("FILE_INVALID", `${path} is not a kubeconfig (${why}): give the path of one`, { cause });
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null || !URL.canParse(cluster.server)) {
    const message = `${path} names no cluster to use: set its current-context to one with a cluster and a server`;
    throw new Fault("FILE_INVALID", message);
  }
  if (cluster.proxyUrl !== undefined && !isProxy(cluster.proxyUrl)) {
    throw new Fault("FILE_INVALID", `${path} names no proxy of HTTP as the proxy-url of its cluster: ${PROXY_FORM}`);
  }
  return { cluster, reader: credentialsReader(config, cluster, KubeConfig) };
}

async function readKubeconfig(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "there is no such file" : (code ?? String(cause));
    throw new Fault("FILE_UNREADABLE", `cannot read the kubeconfig ${path}: ${why}; give the path of one`, { cause });
  }
}

/** The library as a reader of credentials alone: the transport deals with proxies and plain http itself. */
function credentialsReader(config: KubeConfig, cluster: Cluster, Reader: typeof KubeConfig): KubeConfig {
  const { proxyUrl: _, ...direct } = cluster;
  const reader = new Reader();
  reader.loadFromClusterAndUser(
    { ...direct, skipTLSVerify: cluster.skipTLSVerify || cluster.server.startsWith("http:") },
    config.getCurrentUser() ?? { name: "anonymous" },
  );
  return reader;
}

/** Asks exec plug-ins and OIDC providers too; the library keeps their answers until they expire. */
async function readCredentials(reader: KubeConfig, path: string): Promise<Credentials> {
  const options: Parameters<KubeConfig["applyToHTTPSOptions"]>[0] = {};
  try {
    await reader.applyToHTTPSOptions(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.trim().split("\n")[0] : String(cause);
    const message = `the kubeconfig ${path} gives no credentials (${why}): check its user and log in again`;
    throw new Fault("KUBE_UNAUTHORIZED", message, { cause });
  }
  const headers = new Map(Object.entries(options.headers ?? {}));
  const bearer = /^Bearer (.+)$/.exec(String(headers.get("Authorization") ?? ""))?.[1];
  const user = headers.get("Impersonate-User");
  return {
    ...pem("ca", options.ca),
    ...pem("cert", options.cert),
    ...pem("key", options.key),
    ...(bearer === undefined ? {} : { token: new Secret(bearer) }),
    ...(user === undefined ? {} : { impersonate: String(user) }),
    insecure: options.rejectUnauthorized === false,
  };
}

function pem(name: "ca" | "cert" | "key", value: unknown): Credentials {
  return value === undefined || value === null ? {} : { [name]: String(value) };
}
