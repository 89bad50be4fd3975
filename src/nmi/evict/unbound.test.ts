import { beforeEach, describe, expect, it } from "vitest";
import { LiveObjects } from "../../../test/support/kube/live-objects.ts";
import { binding, identity, pod } from "../../../test/support/make.ts";
import type { Binding } from "../../api/binding.ts";
import type { Identity } from "../../api/identity.ts";
import type { Pod } from "../../api/pod.ts";
import { bindingIndexes } from "../lookup.ts";
import { boundIndex, evictUnbound, identityIndexes, labelIndex } from "./unbound.ts";

const reader = identity("reader");
const bound = binding("reader", { spec: { selector: "demo" } });
/** The same identity of Azure by another object, which a pod of another namespace has. */
const copy = identity("copy", { namespace: "team", spec: { clientID: reader.clientId.toUpperCase() } });
const copyBound = binding("copy", { namespace: "team", spec: { selector: "demo" } });
const inTeam = pod("web", { namespace: "team", uid: "team" });

let pods: LiveObjects<Pod>;
let bindings: LiveObjects<Binding>;
let identities: LiveObjects<Identity>;
let evicted: string[];

beforeEach(() => {
  pods = new LiveObjects(labelIndex, pod("a"), pod("b"), inTeam);
  bindings = new LiveObjects({ ...bindingIndexes, ...boundIndex }, bound);
  identities = new LiveObjects(identityIndexes, reader);
  evicted = [];
  evictUnbound({ pods, bindings, identities, tokens: { evict: ({ clientId }) => evicted.push(clientId) } });
});

describe("in managed mode tokens are forgotten", () => {
  it.each([
    { with: "the last pod", change: () => pods.remove(pod("b")) },
    { with: "the last pod that runs", change: () => pods.put(pod("b", { status: { phase: "Succeeded" } })) },
    { with: "the last pod's label", change: () => pods.put(pod("b", { selector: "other" })) },
  ])("with $with", ({ change }) => {
    pods.remove(pod("a"));
    expect(evicted).toEqual([]);
    change();
    expect(evicted).toEqual([reader.clientId]);
  });

  it.each([
    { with: "the binding", change: () => bindings.remove(bound) },
    { with: "the binding's selector", change: () => bindings.put(binding("reader", { spec: { selector: "other" } })) },
    { with: "the identity", change: () => identities.remove(reader) },
    { with: "the client ID", change: () => identities.put(identity("reader", { spec: { clientID: "another" } })) },
    {
      with: "the type",
      change: () => identities.put(identity("reader", { spec: { type: 1, clientID: reader.clientId } })),
    },
  ])("with $with", ({ change }) => {
    change();
    expect(evicted).toEqual([reader.clientId]);
  });
});

describe("in managed mode tokens are forgotten although", () => {
  it("pods without a label run, which a binding without a selector does not select", () => {
    bindings.put(binding("reader", { spec: { selector: "" } }));
    pods.put(pod("c", { selector: "" }));
    bindings.put(binding("reader", { spec: { selector: "", weight: 1 } }));
    expect(evicted).toEqual([reader.clientId, reader.clientId]);
  });

  it("a pod has a service principal with the same client ID", () => {
    identities.put(identity("copy", { namespace: "team", spec: { type: 1, clientID: reader.clientId } }));
    bindings.put(copyBound);
    identities.remove(reader);
    expect(evicted).toEqual([reader.clientId]);
  });
});

describe("in managed mode tokens stay", () => {
  it("when the binding or the identity changes in what does not matter", () => {
    bindings.put({ ...bound, weight: 3 });
    identities.put(identity("reader", { labels: { team: "shop" } }));
    pods.put(pod("a", { labels: { version: "2" } }));
    expect(evicted).toEqual([]);
  });

  it("while a pod has the identity through another object", () => {
    identities.put(copy);
    bindings.put(copyBound);
    bindings.remove(bound);
    identities.remove(reader);
    expect(evicted).toEqual([]);
    pods.remove(inTeam);
    expect(evicted).toEqual([copy.clientId]);
  });
});
