import { describe, expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import type { Fault } from "../../src/base/fault.ts";
import { Secret } from "../../src/base/secret.ts";
import type { KubeAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { asRecord, rawMeta } from "../../src/kube/wire.ts";
import { type ApiUnderTest, configMap, Place, thing } from "./kube-under-test.ts";

/** Objects read and written, and what a refusal is told as. */
export function kubeObjects(api: () => ApiUnderTest): void {
  describe("objects", () => {
    it("are created, read, replaced, patched and deleted", async () => {
      await using place = await Place.make(api());
      const client = place.client();
      const { signal } = place;
      const ref = place.ref("a");

      const created = await client.create(configMap, place.namespace, thing("a"), signal);
      expect(await client.get(configMap, ref, signal)).toEqual(created);
      const replaced = await client.replace(configMap, ref, { ...asRecord(created), data: { size: "2" } }, signal);
      expect(asRecord(replaced).data).toEqual({ size: "2" });
      const merged = await client.patch(configMap, ref, { type: "merge", body: { data: { more: "x" } } }, signal);
      expect(asRecord(merged).data).toEqual({ size: "2", more: "x" });
      const body = [{ op: "remove", path: "/data/more" }];
      const patched = await client.patch(configMap, ref, { type: "json", body }, signal);
      expect(asRecord(patched).data).toEqual({ size: "2" });
      await client.remove(configMap, ref, { uid: rawMeta(created).uid }, signal);
      await expect(client.get(configMap, ref, signal)).rejects.toMatchObject({ code: "KUBE_NOT_FOUND" });
    });

    it("are all listed, over as many pages as it takes", async () => {
      await using place = await Place.make(api());
      for (let i = 0; i < 7; i += 1) await place.create(`thing-${i}`, "1", { of: "test" });
      const client = place.client({ pageSize: 3 });
      const query = { namespace: place.namespace, labelSelector: "of=test" };

      const names = (await client.list(configMap, query, place.signal)).map((raw) => rawMeta(raw).name);

      expect(names.sort()).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => `thing-${i}`));
      expect(place.proxy.requests).toHaveLength(3);
    });

    it("are listed anew when the pages expire in the middle", async () => {
      await using place = await Place.make(api());
      for (let i = 0; i < 5; i += 1) await place.create(`thing-${i}`, "1", { of: "test" });
      const status = {
        kind: "Status",
        code: 410,
        reason: "Expired",
        message: "The provided continue parameter is too old",
      };
      place.proxy.answerNext(/continue=/, { status: 410, body: status });
      const query = { namespace: place.namespace, labelSelector: "of=test" };

      const listed = await place.client({ pageSize: 2 }).list(configMap, query, place.signal);

      expect(listed).toHaveLength(5);
    });

    it("are deleted at once when no time is given to end", async () => {
      await using place = await Place.make(api());
      const client = place.client();
      const spec = { nodeName: "nowhere", containers: [{ name: "main", image: "none:1" }] };
      const pod = { metadata: { name: "pod" }, spec };
      const created = await client.create(kinds.pod, place.namespace, pod, place.signal);

      await client.remove(kinds.pod, place.ref("pod"), { uid: rawMeta(created).uid, graceSeconds: 0 }, place.signal);

      await expect(client.get(kinds.pod, place.ref("pod"), place.signal)).rejects.toMatchObject({
        code: "KUBE_NOT_FOUND",
        message: expect.stringContaining(`get Pod ${place.namespace}/pod`),
      });
    });

    it("are not written over a version that somebody changed meanwhile", async () => {
      await using place = await Place.make(api());
      const old = asRecord(await place.create("a"));
      await place.resize("a", "2");

      const write = place.client().replace(configMap, place.ref("a"), { ...old, data: { size: "3" } }, place.signal);

      await expect(write).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    });

    it("are not created twice", async () => {
      await using place = await Place.make(api());
      await place.create("a");
      const write = place.client().create(configMap, place.namespace, thing("a"), place.signal);
      await expect(write).rejects.toMatchObject({
        code: "KUBE_CONFLICT",
        message: expect.stringMatching(/create ConfigMap .*\/a: .*already exists/),
      });
    });

    it("are not deleted when the name belongs to another by now", async () => {
      await using place = await Place.make(api());
      await place.create("a");
      const uid = "00000000-0000-0000-0000-000000000000";
      const write = place.client().remove(configMap, place.ref("a"), { uid }, place.signal);
      await expect(write).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    });

    it("are refused when they are invalid, with the API server's reason", async () => {
      await using place = await Place.make(api());
      const write = place.client().create(configMap, place.namespace, thing("Not_A_Name"), place.signal);
      await expect(write).rejects.toMatchObject({
        code: "KUBE_INVALID",
        message: expect.stringContaining("metadata.name"),
      });
    });
  });

  describe("a request", () => {
    it("with a token that nobody knows says so", async () => {
      await using place = await Place.make(api());
      const { ca } = await api().access.credentials();
      const credentials = { ...(ca === undefined ? {} : { ca }), token: new Secret("nobody's") };
      const access = { server: api().access.server, credentials: async () => credentials };
      await using client = new KubeClient(access, { userAgent: "contract", log: place.log });
      await expect(client.list(kinds.pod, {}, place.signal)).rejects.toMatchObject({
        code: "KUBE_UNAUTHORIZED",
        message: expect.stringContaining("renew the token"),
      });
    });

    it("is sent once more after the pause that a throttled API server asks for", async () => {
      await using place = await Place.make(api());
      const headers = { "retry-after": "0" };
      place.proxy.answerNext(/^POST/, { status: 429, headers, body: { message: "too many requests" } });

      await place.client().create(configMap, place.namespace, thing("a"), place.signal);

      expect(place.proxy.requests).toHaveLength(2);
    });

    it("ends with the signal's reason", async () => {
      await using place = await Place.make(api());
      const reason = new Error("enough");
      const list = place.client().list(kinds.pod, {}, AbortSignal.abort(reason));
      await expect(list).rejects.toBe(reason);
    });

    it("through a broken connection fails, and the next one works", async () => {
      await using place = await Place.make(api());
      const client = place.client();
      await client.list(configMap, { namespace: place.namespace }, place.signal);
      place.proxy.cut();
      const outcomes: (string | undefined)[] = [];
      for (let i = 0; i < 2; i += 1) {
        const write = client.create(configMap, place.namespace, thing(`thing-${i}`), place.signal);
        outcomes.push(
          await write.then(
            () => "done",
            (fault: Fault) => fault.code,
          ),
        );
      }
      expect(outcomes[1]).toBe("done");
    });
  });
}

/** What a user without any role is told; for API servers that have roles. */
export function kubeRoles(api: () => ApiUnderTest, stranger: () => KubeAccess): void {
  describe("a request", () => {
    it("that a role does not allow names the role's missing words", async () => {
      await using place = await Place.make(api());
      await using client = new KubeClient(stranger(), { userAgent: "contract", log: place.log });
      await expect(client.list(kinds.pod, {}, place.signal)).rejects.toMatchObject({
        code: "KUBE_FORBIDDEN",
        message: expect.stringMatching(/refused to list pods; grant "list" on pods in a role.*: .*cannot list/),
      });
      await expect(client.create(kinds.lease, place.namespace, {}, place.signal)).rejects.toMatchObject({
        message: expect.stringContaining('grant "create" on leases.coordination.k8s.io in a role'),
      });
    });
  });
}
