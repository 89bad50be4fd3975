import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { auditedCalls } from "../support/kube/audit-log.ts";
import { grantsOf, grantText, isUseOf, rbacKinds } from "../support/kube/rbac.ts";
import { networkMissing } from "../support/netns/netns.ts";
import { type NmiKubernetes, nmiKubernetes } from "../support/nmi/kubernetes.ts";
import { eventually } from "../support/time/eventually.ts";

/** The permissions of the manifests: enough for all that NMI does, and not one more. */

const plane = inject("controlPlane");
const missing = "missing" in plane ? plane.missing : networkMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
const TOKEN = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x&client_id=";
const never = new AbortController().signal;
const daemonSet = "--daemonset=default/nmi";

describe.skipIf(missing !== undefined)(`the permissions of NMI${reason}`, () => {
  let at: NmiKubernetes;
  beforeAll(async () => {
    at = await nmiKubernetes();
  });
  afterAll(() => at?.[Symbol.asyncDispose]());
  const token = (clientId: string) => at.pod.ask<string>({ get: `${TOKEN}${clientId}` });

  it("are all used, and no call beyond them is made, from the start to the end", async () => {
    await using nmi = at.start(daemonSet);
    await nmi.says("listening on ");
    await nmi.says("following NMI's own DaemonSet");
    await eventually(() => token("client-of-own")).toBe("200 token-of-client-of-own");
    // Entra ID cannot be reached from there; the Secret is read before.
    token("client-of-app").catch(() => {});
    const unused = async () => {
      const calls = (await auditedCalls(at.plane)).filter(({ isForbidden }) => !isForbidden);
      return grantsOf(at.manifests)
        .filter((grant) => !calls.some((call) => isUseOf(call, grant)))
        .map(grantText);
    };
    await eventually(unused).toEqual([]);
    nmi.kill("SIGTERM");
    const { code, stderr } = await nmi.ended;
    expect([code, stderr]).toEqual([0, expect.stringMatching(/rules stay.*DaemonSet default\/nmi is there/)]);
    expect(await at.refusals()).toEqual([]);
  });

  it("without the one on its DaemonSet, NMI serves all the same, and leaves its rules although that was deleted", async () => {
    const role = rbacKinds.Role ?? kinds.pod;
    const ref = { namespace: "default", name: "aad-pod-id-nmi-role" };
    await at.client.patch(role, ref, { type: "merge", body: { rules: [] } }, never);
    const look = () =>
      at.own.list(kinds.daemonSet, { namespace: "default", fieldSelector: "metadata.name=nmi" }, never);
    await eventually(() =>
      look().then(
        () => "allowed",
        () => "refused",
      ),
    ).toBe("refused");
    await using nmi = at.start(daemonSet);
    await nmi.says(/cannot follow objects of the API server.*daemonsets/);
    await nmi.says("listening on ");
    await eventually(() => token("client-of-own")).toBe("200 token-of-client-of-own");
    await at.client.remove(kinds.daemonSet, { namespace: "default", name: "nmi" }, {}, never);
    nmi.kill("SIGTERM");
    const { code, stderr } = await nmi.ended;
    expect([code, stderr]).toEqual([0, expect.stringMatching(/rules stay.*nmi --cleanup.*forbidden/)]);
  });
});
