import { beforeEach, expect, it } from "vitest";
import { LiveObjects } from "../../test/support/live-objects.ts";
import { assignment, binding, identity, pod } from "../../test/support/make.ts";
import type { Identity } from "../api/identity.ts";
import { evictUnused } from "./evict.ts";
import { assignmentIndexes } from "./lookup.ts";

const reader = identity("reader");
const bound = binding("reader");
const recordOf = (name: string) => assignment({ pod: pod(name), identity: reader, binding: bound });

let identities: LiveObjects<Identity>;
let assignments: LiveObjects<ReturnType<typeof recordOf>>;
let evicted: string[];

beforeEach(() => {
  identities = new LiveObjects<Identity>({}, reader);
  assignments = new LiveObjects(assignmentIndexes, recordOf("a"), recordOf("b"));
  evicted = [];
  evictUnused({ identities, assignments, tokens: { evict: ({ clientId }) => evicted.push(clientId) } });
});

it("tokens are forgotten with the last pod of the node that has the identity", () => {
  assignments.remove(recordOf("a"));
  expect(evicted).toEqual([]);
  assignments.remove(recordOf("b"));
  expect(evicted).toEqual([reader.clientId]);
});

it("tokens are forgotten when the identity goes or gets other IDs, and not when it is only labelled", () => {
  identities.put(identity("reader", { labels: { team: "shop" } }));
  expect(evicted).toEqual([]);
  identities.put(identity("reader", { spec: { clientID: "another" } }));
  expect(evicted).toEqual([reader.clientId]);
  identities.remove(reader);
  expect(evicted).toEqual([reader.clientId, "another"]);
});
