// Puts in place what a fresh clone lacks: packages, the built programs and, for tests, a Kubernetes control plane and clients.
// Plain JavaScript, because it must run under whatever Node the machine has (20 or newer) before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const pinned = join(root, "node_modules/.bin/node");
const wants = new Set(process.argv.slice(2));
const cacheFolder = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
const programFolder = join(cacheFolder, "aad-pod-identity-cluster/bin");

checkMachine();
installPackages();
checkPinnedNode();
if (wants.has("--build")) run(pinned, ["tools/build.ts", "--if-stale"]);
// Beside the rest: either of them leaves a processor idle for minutes on a new machine.
const clients = wants.has("--clients") ? buildClients() : undefined;
if (wants.has("--cluster")) buildControlPlane();
if (wants.has("--nodes")) buildNodes();
await clients;

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(3);
}

function settings() {
  const path = `${join(root, "node_modules/.bin")}${delimiter}${process.env.PATH ?? ""}`;
  return { cwd: root, stdio: ["ignore", 2, 2], env: { ...process.env, PATH: path } };
}

function run(command, args) {
  if (spawnSync(command, args, settings()).status !== 0) failed(command, args);
}

/** Runs it while others run, and ends it where they fail. */
async function runBeside(command, args) {
  const child = spawn(command, args, settings());
  process.once("exit", () => child.kill());
  const status = await new Promise((resolve) => child.once("error", resolve).once("close", resolve));
  if (status !== 0) failed(command, args);
}

function failed(command, args) {
  fail(`"${[command, ...args].join(" ")}" failed; its output above says why`);
}

function checkMachine() {
  if (process.platform !== "linux") {
    fail(`this runs on Linux only (here: ${process.platform}); on Windows use WSL2, on macOS a Linux container`);
  }
  if (!["x64", "arm64"].includes(process.arch)) fail(`this runs on x64 and arm64 only (here: ${process.arch})`);
  if (!process.report.getReport().header.glibcVersionRuntime) {
    fail("this needs glibc, and this machine has another C library (Alpine?); use a Debian-like system or container");
  }
}

function installPackages() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const stamp = join(root, "node_modules/.installed-lock");
  if (existsSync(pinned) && existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("installing the packages of package-lock.json (npm ci)");
  run("npm", ["ci", "--ignore-scripts", "--loglevel=error"]);
  mkdirSync(join(root, "node_modules"), { recursive: true });
  writeFileSync(stamp, lock);
}

function checkPinnedNode() {
  const probe = spawnSync(pinned, ["--version"], { encoding: "utf8" });
  if (probe.status === 0) return;
  if (/libatomic/.test(probe.stderr ?? "")) {
    fail("the pinned Node needs libatomic.so.1; install it (Debian and Ubuntu: apt-get install libatomic1)");
  }
  fail(
    `the pinned Node does not start: ${(probe.stderr || probe.error?.message || "no reason given").trim().split("\n")[0]}`,
  );
}

function buildControlPlane() {
  const go = spawnSync("go", ["version"], { encoding: "utf8" });
  if (go.status !== 0) {
    if (process.env.REQUIRE_ALL === "1")
      fail(
        "REQUIRE_ALL=1 needs Go 1.24 or newer, to build etcd, kube-apiserver, helm, kubectl, kubeconform and promtool for the tests",
      );
    return say("no Go here: the suites on a real Kubernetes API server will be skipped");
  }
  if (!existsSync(join(programFolder, "kube-apiserver"))) {
    say(`building etcd and kube-apiserver for the tests, once, into ${programFolder} (about 10 minutes on 2 cores)`);
  }
  const parts = ["etcd", "kube-apiserver", "helm", "kubectl", "kubeconform", "promtool", "monitoring-crds"];
  run("test/cluster/build-programs", parts);
}

function buildNodes() {
  const lacks = [
    ...(process.getuid() === 0 ? [] : ["not root, who alone runs a cluster's nodes"]),
    ...(["memory", "cgroup.controllers"].some((name) => existsSync(`/sys/fs/cgroup/${name}`))
      ? []
      : ["no cgroups, which a cluster's nodes need"]),
  ];
  if (lacks.length > 0 && process.env.REQUIRE_ALL !== "1") {
    return say(`${lacks.join(", ")}: the tests on a cluster with nodes will be skipped`);
  }
  if (spawnSync("go", ["version"]).status !== 0) return; // told above
  if (!existsSync(join(programFolder, "coredns"))) {
    say(`building what a cluster's nodes run for the tests, once, into ${programFolder} (about 5 minutes on 2 cores)`);
  }
  run("test/cluster/build-programs", ["kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "coredns"]);
}

async function buildClients() {
  if (process.getuid() !== 0 && process.env.REQUIRE_ALL !== "1") {
    return say("not root, who alone makes network namespaces: the tests of real SDKs will be skipped");
  }
  const folder = join(cacheFolder, "aad-pod-identity-clients");
  if (!existsSync(folder)) {
    say(`making clients of Azure's SDKs for the tests, once, in ${folder} (about 5 minutes on 2 cores)`);
  }
  await runBeside("test/clients/build", []);
}
