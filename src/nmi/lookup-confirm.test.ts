import { describe, expect, it } from "vitest";
import { assignment, binding, identity, pod } from "../../test/support/make.ts";
import { bound, reader, record, setUp, web } from "../../test/support/nmi/lookup-world.ts";

describe("confirm", () => {
  const gone = [
    {
      when: "the record",
      change: ({ assignments }: ReturnType<typeof setUp>) => assignments.remove(record("Assigned")),
    },
    { when: "the binding", change: ({ bindings }: ReturnType<typeof setUp>) => bindings.remove(bound) },
    { when: "the identity", change: ({ identities }: ReturnType<typeof setUp>) => identities.remove(reader) },
    { when: "the pod", change: ({ pods }: ReturnType<typeof setUp>) => pods.remove(web) },
    { when: "the label", change: ({ pods }: ReturnType<typeof setUp>) => pods.put(pod("web", { selector: "other" })) },
  ];
  it.each(gone)("refuses when $when is gone", ({ change }) => {
    const world = setUp();
    world.assignments.put(record("Assigned"));
    expect(() => world.lookup.confirm(web, reader)).not.toThrow();
    change(world);
    expect(() => world.lookup.confirm(web, reader)).toThrow();
  });

  it("refuses a service principal of which anything was changed meanwhile", () => {
    const { lookup, identities, assignments } = setUp();
    const app = identity("reader", { spec: { type: 1, tenantID: "t" } });
    identities.put(app);
    assignments.put(assignment({ pod: web, identity: app, binding: bound }));
    expect(() => lookup.confirm(web, app)).not.toThrow();
    identities.put({ ...app, tenantId: "other", meta: { ...app.meta, generation: 2 } });
    expect(() => lookup.confirm(web, app)).toThrow(/changed meanwhile/);
  });

  it("refuses an identity whose client ID was changed everywhere meanwhile", () => {
    const { lookup, identities, assignments } = setUp();
    const renewed = identity("reader", { spec: { clientID: "another" } });
    identities.put(renewed);
    assignments.put(assignment({ pod: web, identity: renewed, binding: bound }));
    expect(() => lookup.confirm(web, reader)).toThrow(/changed meanwhile/);
  });

  it("does not mind a better identity that came meanwhile", () => {
    const { lookup, identities, bindings, assignments } = setUp();
    assignments.put(record("Assigned"));
    const better = identity("better");
    const by = binding("better", { spec: { selector: "demo", weight: 9 } });
    identities.put(better);
    bindings.put(by);
    assignments.put(assignment({ pod: web, identity: better, binding: by }));
    expect(() => lookup.confirm(web, reader)).not.toThrow();
  });
});
