import { describe, expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { EventRecorder } from "../../src/kube/events.ts";
import { rawMeta } from "../../src/kube/wire.ts";
import { type ApiUnderTest, configMap, Place } from "./kube-under-test.ts";

/** Events as people find them at an object. */
export function kubeEvents(api: () => ApiUnderTest): void {
  describe("events", () => {
    it("are found at their object, equal ones as one with a count", async () => {
      await using place = await Place.make(api());
      const meta = rawMeta(await place.create("a"));
      const about = { kind: configMap, meta };
      await using recorder = new EventRecorder({ client: place.client(), component: "tester", log: place.log });

      for (let i = 0; i < 3; i += 1) recorder.record({ about, type: "Normal", reason: "Seen", message: "it was seen" });
      recorder.record({ about, type: "Warning", reason: "Broken", message: "it broke" });
      await recorder.flush(place.signal);
      recorder.record({ about, type: "Normal", reason: "Seen", message: "it was seen" });
      await recorder.flush(place.signal);

      const fieldSelector = `involvedObject.kind=ConfigMap,involvedObject.name=a,involvedObject.uid=${meta.uid}`;
      const found = await place.direct.list(kinds.event, { namespace: place.namespace, fieldSelector }, place.signal);
      expect(found).toHaveLength(2);
      expect(found).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ reason: "Seen", type: "Normal", count: 4, source: { component: "tester" } }),
          expect.objectContaining({ reason: "Broken", type: "Warning", count: 1, message: "it broke" }),
        ]),
      );
    });

    it("that are gone by the time they happen again begin anew", async () => {
      await using place = await Place.make(api());
      const about = { kind: configMap, meta: rawMeta(await place.create("a")) };
      await using recorder = new EventRecorder({ client: place.client(), component: "tester", log: place.log });
      const note = { about, type: "Normal", reason: "Seen", message: "it was seen" } as const;
      const events = () => place.direct.list(kinds.event, { namespace: place.namespace }, place.signal);
      recorder.record(note);
      await recorder.flush(place.signal);
      for (const event of await events()) await place.direct.remove(kinds.event, rawMeta(event), {}, place.signal);

      recorder.record(note);
      await recorder.flush(place.signal);

      expect(await events()).toEqual([expect.objectContaining({ reason: "Seen", count: 1 })]);
    });

    it("about an object of the whole cluster are kept in the namespace default", async () => {
      await using place = await Place.make(api());
      const meta = { namespace: "", name: `node-${place.namespace}`, uid: "", resourceVersion: "" };
      await using recorder = new EventRecorder({ client: place.client(), component: "tester", log: place.log });
      recorder.record({ about: { kind: kinds.node, meta }, type: "Normal", reason: "Seen", message: "it was seen" });
      await recorder.flush(place.signal);
      const query = { namespace: "default", fieldSelector: `involvedObject.name=${meta.name}` };
      expect(await place.direct.list(kinds.event, query, place.signal)).toHaveLength(1);
    });
  });
}
