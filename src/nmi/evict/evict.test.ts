import { beforeEach, describe, expect, it } from "vitest";
import { LiveObjects } from "../../../test/support/kube/live-objects.ts";
import { assignment, binding, identity, identityId, pod } from "../../../test/support/make.ts";
import type { Assignment } from "../../api/assignment.ts";
import type { Identity } from "../../api/identity.ts";
import { assignmentIndexes } from "../lookup.ts";
import { evictUnused } from "./evict.ts";

const reader = identity("reader");
const recordOf = (name: string, of = reader, over: Parameters<typeof assignment>[2] = {}) =>
  assignment({ pod: pod(name), identity: of, binding: binding("reader") }, "Assigned", over);
/** Another namespace's object that names the same identity of Azure. */
const copy = identity("copy", { namespace: "evil", spec: { clientID: reader.clientId.toUpperCase() } });

let identities: LiveObjects<Identity>;
let assignments: LiveObjects<Assignment>;
let evicted: string[];

beforeEach(() => {
  identities = new LiveObjects<Identity>({}, reader);
  assignments = new LiveObjects(assignmentIndexes, recordOf("a"), recordOf("b"));
  evicted = [];
  const tokens = { evict: ({ clientId }: Identity) => evicted.push(clientId) };
  evictUnused({ node: "node-0", identities, assignments, tokens });
});

describe("tokens are forgotten", () => {
  it("with the last pod of the node that has the identity", () => {
    assignments.put(recordOf("c", reader, { nodeName: "node-1" }));
    assignments.remove(recordOf("a"));
    expect(evicted).toEqual([]);
    assignments.put({ ...recordOf("b"), state: "Unassigned" });
    expect(evicted).toEqual([reader.clientId]);
  });

  it("with the identity", () => {
    identities.remove(reader);
    expect(evicted).toEqual([reader.clientId]);
  });

  it.each([
    { what: "client ID", spec: { clientID: "another" } },
    { what: "resource ID", spec: { resourceID: identityId("another") } },
    { what: "type", spec: { type: 1 } },
  ])("when the identity gets another $what", ({ spec }) => {
    identities.put(identity("reader", { spec }));
    expect(evicted).toEqual([reader.clientId]);
  });

  it("when the last record is rewritten to another identity", () => {
    const other = identity("reader", { spec: { clientID: "another" } });
    assignments.put(recordOf("a", other));
    expect(evicted).toEqual([]);
    assignments.put(recordOf("b", other));
    expect(evicted).toEqual([reader.clientId]);
  });
});

describe("tokens stay", () => {
  it("when the identity is only labelled", () => {
    identities.put(identity("reader", { labels: { team: "shop" } }));
    expect(evicted).toEqual([]);
  });

  it("when another object with the same client ID comes and goes, with its pod or without", () => {
    identities.put(copy);
    identities.remove(copy);
    assignments.put(recordOf("evil", copy));
    assignments.remove(recordOf("evil", copy));
    identities.put(copy);
    identities.put(identity("copy", { namespace: "evil", spec: { clientID: "another" } }));
    expect(evicted).toEqual([]);
  });
});
