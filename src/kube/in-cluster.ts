import { readFileSync, statSync } from "node:fs";
import { Fault } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";
import type { KubeAccess } from "./access.ts";

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Access for a program that runs in a pod: the address from the variables that kubelet sets, the token and CA from the
 * files that it mounts and replaces long before a token expires.
 * @throws Fault KUBECONFIG_MISSING outside a cluster
 */
export function inClusterAccess(env: Environment, folder = FOLDER): KubeAccess {
  const host = env.KUBERNETES_SERVICE_HOST;
  if (!host) {
    throw new Fault(
      "KUBECONFIG_MISSING",
      "no kubeconfig is given and this is no pod (KUBERNETES_SERVICE_HOST is not set): name a kubeconfig with --kubeconfig",
    );
  }
  const ca = freshFile(`${folder}/ca.crt`);
  const token = freshFile(`${folder}/token`);
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT ?? "443"}`,
    credentials: async (areRefused = false) => ({
      ca: ca(areRefused),
      token: new Secret(token(areRefused).trim()),
    }),
  };
}

/**
 * A file's text, read again whenever the file was replaced or written, or when asked to. Synchronously: kubelet keeps the
 * files in memory, where a look takes less time than handing it to another thread.
 */
function freshFile(path: string): (isDoubted: boolean) => string {
  let mark = "";
  let text = "";
  return (isDoubted) => {
    try {
      const { ino, mtimeMs, size } = statSync(path);
      const now = `${ino} ${mtimeMs} ${size}`;
      if (now !== mark || isDoubted) [text, mark] = [readFileSync(path, "utf8"), now];
      return text;
    } catch (cause) {
      const message = `cannot read ${path}: mount the service account's token into the pod (automountServiceAccountToken)`;
      throw new Fault("FILE_UNREADABLE", message, { cause });
    }
  };
}
