import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BINDING_LABEL, kinds } from "../../src/api/kinds.ts";
import { type MicPlace, micPlace } from "../support/mic/program.ts";

/** The program as it is shipped, in a process of its own, on an API server and an Azure in this one. */

const never = new AbortController().signal;
const within = { timeout: 25_000, interval: 50 };
let place: MicPlace;
beforeAll(async () => {
  place = await micPlace();
});
afterAll(() => place[Symbol.asyncDispose]());

describe("mic", () => {
  it("does the main job, stands by, hands over when it is stopped, and stops when it loses the lease", async () => {
    const vm = place.world.createVm({ resourceGroup: "rg", name: "vm-0" });
    const { id, clientId } = place.world.createIdentity({ resourceGroup: "rg", name: "demo" });
    await place.create(kinds.node, "vm-0", { providerID: `azure://${vm.id}` });
    await place.create(kinds.identity, "demo", { type: 0, ResourceID: id, ClientID: clientId });
    await place.create(kinds.binding, "demo", { AzureIdentity: "demo", Selector: "demo" });
    const container = { name: "main", image: "demo" };
    await place.create(kinds.pod, "web", { nodeName: "vm-0", containers: [container] }, { [BINDING_LABEL]: "demo" });

    await using first = place.start(await place.flags("first"));
    await expect.poll(place.states, within).toEqual(["web-default-demo Assigned"]);
    expect(place.world.identitiesOn(vm.id)).toEqual([id]);
    expect(await first.ask("health probe", "/healthz")).toBe("Active");
    expect(await first.ask("metrics", "/metrics")).toContain(
      'cloud_provider_operations_duration_seconds_count{operation_type="vm_update"} 1',
    );

    await using second = place.start(await place.flags("second"));
    await expect.poll(() => second.text, within).toContain("another holds the leader lease");
    expect(await second.ask("health probe", "/healthz")).toBe("Not Active");
    await expect.poll(() => second.ask("health probe", "/readyz"), within).toBe("Ready");

    first.kill("SIGTERM");
    expect(await first.exit).toBe(0);
    await place.client.remove(kinds.pod, { namespace: "default", name: "web" }, { graceSeconds: 0 }, never);
    await expect.poll(place.states, within).toEqual([]);
    expect(place.world.identitiesOn(vm.id)).toEqual([]);
    expect(await second.ask("health probe", "/healthz")).toBe("Active");
    const events = (await place.client.list(kinds.event, {}, never)) as {
      reason: string;
      involvedObject: { kind: string };
    }[];
    expect(events.map(({ reason, involvedObject }) => `${reason} ${involvedObject.kind}`)).toEqual(
      expect.arrayContaining([
        "BindingApplied AzureIdentityBinding",
        "BindingApplied Pod",
        "BindingRemoved AzureIdentityBinding",
      ]),
    );

    await place.client.patch(
      kinds.lease,
      { namespace: "default", name: "aad-pod-identity-mic" },
      { type: "merge", body: { spec: { holderIdentity: "thief" } } },
      never,
    );
    expect(await second.exit).toBe(1);
    expect(second.text).toMatch(/^E.* lost leader lease/m);
  });

  it.each<{
    when: string;
    args: readonly string[];
    env?: Readonly<Record<string, string>>;
    says: RegExp;
    code: number;
  }>([
    {
      when: "no namespace is given",
      args: [],
      env: {},
      says: /^mic: namespace not specified\. Please add meta\.namespace as env variable MIC_POD_NAMESPACE; run "mic --help" for all flags$/m,
      code: 2,
    },
    {
      when: "there is no configuration at all",
      args: [],
      says: /^mic: the cloud configuration in the environment.* CLOUD, SUBSCRIPTION_ID/m,
      code: 2,
    },
    { when: "a flag is not known", args: ["--clientQPS=5"], says: /^mic: .*did you mean --clientQps/m, code: 2 },
    { when: "only the version is wanted", args: ["--version"], env: {}, says: /^MIC Version: /, code: 0 },
  ])("ends with one sentence when $when", async ({ args, env, says, code }) => {
    await using mic = place.start(args, env);
    expect(await mic.exit).toBe(code);
    expect(mic.text).toMatch(says);
    expect(mic.text).not.toMatch(/^\s+at /m);
  });

  it("starts where no call can go through the proxy of its environment, and tells no word of its password", async () => {
    const HTTPS_PROXY = "http://svc:50%off@proxy.corp:3128";
    await using mic = place.start(await place.flags("first"), { MIC_POD_NAMESPACE: "default", HTTPS_PROXY });
    await expect.poll(() => mic.ask("health probe", "/readyz"), within).toBe("Ready");
    expect(mic.text).toMatch(/^W.* variable HTTPS_PROXY does not name a proxy: write http:/m);
    expect(mic.text).not.toMatch(/50%off|defect/);
  });

  it("ends with one sentence when a port is taken", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await using mic = place.start([...(await place.flags("first")), `--prometheus-port=${port}`]);
    expect(await mic.exit).toBe(1);
    expect(mic.text).toMatch(
      new RegExp(`^mic: cannot listen on .*${port}: another program uses the port.*--prometheus-port`, "m"),
    );
    other.close();
  });
});
