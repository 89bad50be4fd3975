import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { SCRIPTS } from "../support/runners.ts";

const XTABLES = "/usr/lib/x86_64-linux-gnu/xtables";
/** Every pod has the certificate of the cluster's authority, by which Azure's stand-ins are known; Go asks by this variable. */
const TRUST = "SSL_CERT_FILE=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/** The programs of the original, as the variables PEER_MIC and PEER_NMI name them. */
export const peers = { mic: process.env.PEER_MIC, nmi: process.env.PEER_NMI };

/** Makes images of the original's programs, under the original's names; the archives' paths. */
export async function originalImages(folder: string): Promise<readonly string[]> {
  const { mic = "", nmi = "" } = peers;
  const iptables = ["--bin", "/usr/sbin/iptables", "--copy", `${XTABLES}:${XTABLES}`];
  return Promise.all([make(folder, "mic", mic), make(folder, "nmi", nmi, iptables)]);
}

async function make(folder: string, name: string, program: string, more: readonly string[] = []): Promise<string> {
  const out = join(folder, `original-${name}.tar`);
  const reference = `mcr.microsoft.com/oss/azure/aad-pod-identity/${name}:v1.8.17`;
  const start = ["--copy", `${program}:/usr/bin/${name}`, "--entrypoint", JSON.stringify([`/usr/bin/${name}`])];
  await promisify(execFile)(join(SCRIPTS, "make-image"), [out, reference, ...more, ...start, "--env", TRUST]);
  return out;
}
