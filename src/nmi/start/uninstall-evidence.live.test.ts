import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ApiProxy } from "../../../test/support/kube/api-proxy.ts";
import { RawKube } from "../../../test/support/kube/raw-kube.ts";
import { UNINSTALL_ANNOTATION } from "../../api/daemon-set.ts";
import { createLog } from "../../base/log.ts";
import { KubeClient } from "../../kube/client.ts";
import { startKubeApi } from "../../sandbox/kube-api/server.ts";
import { daemonSetProblems, UninstallEvidence } from "./uninstall-evidence.ts";

const PATH = "/apis/apps/v1/namespaces/kube-system/daemonsets";
const isThere = { isUninstalled: false, why: "DaemonSet kube-system/nmi is there" };
const uninstalled = (what: string) => ({ isUninstalled: true, why: `DaemonSet kube-system/nmi ${what}` });

let kube: RawKube;
let proxy: ApiProxy;
let client: KubeClient;
beforeEach(async () => {
  const api = await startKubeApi();
  kube = new RawKube(api.url);
  proxy = await ApiProxy.start({ server: api.url, credentials: async () => ({}) });
  client = new KubeClient(proxy.access, { userAgent: "test", log: createLog({ write: () => {} }) });
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });
});

function follow(daemonSet = "kube-system/nmi", lastLookMs = 10_000): UninstallEvidence {
  const log = createLog({ write: () => {} });
  const evidence = new UninstallEvidence({ client, daemonSet, log, lastLookMs });
  onTestFinished(() => evidence[Symbol.dispose]());
  return evidence;
}

function create(meta: object = {}): Promise<unknown> {
  const labels = { component: "nmi" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "nmi", image: "nmi" }] } };
  const spec = { selector: { matchLabels: labels }, template };
  const metadata = { name: "nmi", namespace: "kube-system", ...meta };
  return kube.call("POST", PATH, { apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec });
}

const annotate = (value: string) =>
  kube.call("PATCH", `${PATH}/nmi`, { metadata: { annotations: { [UNINSTALL_ANNOTATION]: value } } });
const remove = () => kube.call("DELETE", `${PATH}/nmi`);
/** The API server answers so from now on, as far as a test goes. */
const refuse = (at: RegExp, status: number) => {
  for (let i = 0; i < 50; i += 1)
    proxy.answerNext(at, { status, body: { kind: "Status", code: status, message: "no" } });
};

describe("NMI counts as uninstalled", () => {
  it("when its DaemonSet went", async () => {
    await create();
    const evidence = follow();
    expect(await evidence.verdict()).toEqual(isThere);
    await remove();
    expect(await evidence.verdict()).toEqual(uninstalled("was deleted"));
  });

  it("when its DaemonSet waits for its pods to go", async () => {
    await create({ finalizers: ["foregroundDeletion"] });
    await remove();
    expect(await follow().verdict()).toEqual(uninstalled("is being deleted"));
  });

  it("when the chart's hook marked it, which is the chart's own word alone", async () => {
    await create();
    await annotate("false");
    const evidence = follow();
    expect(await evidence.verdict()).toEqual(isThere);
    await annotate("true");
    expect(await evidence.verdict()).toEqual(uninstalled("is marked by its chart"));
  });

  it("when only the last look shows it, since the watch was refused", async () => {
    await create();
    refuse(/watch=true/, 403);
    const evidence = follow();
    expect(await evidence.verdict()).toEqual(isThere);
    await remove();
    expect(await evidence.verdict()).toEqual(uninstalled("was deleted"));
  });
});

describe("NMI does not count as uninstalled", () => {
  it("when another DaemonSet of that name took the place: its NMI relies on the rules", async () => {
    await create();
    const evidence = follow();
    await evidence.verdict();
    await remove();
    await create();
    expect(await evidence.verdict()).toEqual(isThere);
  });

  it("when there was never one of that name", async () => {
    const why = "there is no DaemonSet kube-system/nmi: see --daemonset";
    expect(await follow().verdict()).toEqual({ isUninstalled: false, why });
  });

  it.each([401, 403, 500, 503])(
    "when the API server answers %i, whatever became of the DaemonSet meanwhile",
    async (status) => {
      await create();
      refuse(/watch=true/, status);
      const evidence = follow("kube-system/nmi", 200);
      await expect.poll(() => evidence.verdict(), { timeout: 20_000 }).toEqual(isThere);
      refuse(/GET .*daemonsets/, status);
      await remove();
      const { isUninstalled, why } = await evidence.verdict();
      expect([isUninstalled, why]).toEqual([
        false,
        expect.stringMatching(/^DaemonSet kube-system\/nmi cannot be looked at: ./),
      ]);
    },
  );

  it("when the API server gives no answer", async () => {
    await create();
    const evidence = follow("kube-system/nmi", 200);
    await expect.poll(() => evidence.verdict(), { timeout: 20_000 }).toEqual(isThere);
    await proxy[Symbol.asyncDispose]();
    expect(await evidence.verdict()).toMatchObject({ isUninstalled: false });
  });

  it("when nobody said what it is called, and then nobody is asked", async () => {
    expect(await follow("").verdict()).toEqual({ isUninstalled: false, why: expect.stringContaining("--daemonset") });
    expect(proxy.requests).toEqual([]);
  });
});

it("asks for its own DaemonSet alone", async () => {
  await create();
  await follow().verdict();
  const asked = proxy.requests.map((one) => new URL(one.split(" ")[1] ?? "", "http://api"));
  expect(asked.length).toBeGreaterThan(0);
  for (const { pathname, searchParams } of asked) {
    expect([pathname, searchParams.get("fieldSelector")]).toEqual([PATH, "metadata.name=nmi"]);
  }
});

it.each([
  { flag: "", problems: 0 },
  { flag: "kube-system/nmi", problems: 0 },
  { flag: "nmi", problems: 1 },
  { flag: "a/b/c", problems: 1 },
  { flag: "/nmi", problems: 1 },
])('--daemonset="$flag" is told to be wrong where it is', ({ flag, problems }) => {
  expect(daemonSetProblems(flag)).toHaveLength(problems);
});
