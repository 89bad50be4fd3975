import { expect, it } from "vitest";
import { ScriptedApi } from "../../test/support/scripted-api.ts";
import { kinds } from "../api/kinds.ts";
import { objectSchema, readObject } from "../api/meta.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "./client.ts";
import { Store } from "./store.ts";

const object = { metadata: { namespace: "ns", name: "a", uid: "1", resourceVersion: "5" } };

it("catches up with a list that begins after it was asked to, not with the one that has just come", async () => {
  const stop = new AbortController();
  const log = createLog({ write: () => {} });
  const api = new ScriptedApi(({ path }) =>
    path.includes("watch=true")
      ? "watch"
      : { status: 200, body: { metadata: { resourceVersion: "7" }, items: [object] } },
  );
  const lists = () => api.requests.filter((path) => !path.includes("watch=true")).length;
  const client = new KubeClient({ transport: api }, { userAgent: "test", log });
  let caughtUp: Promise<number> | undefined;
  const read = (raw: unknown) => {
    caughtUp ??= store.catchUp(stop.signal).then(lists); // while the first list is taken over
    return { meta: readObject(objectSchema({}), kinds.pod, raw).metadata };
  };
  const store = new Store({ client, kind: kinds.pod, read, log });
  const running = store.run(stop.signal);
  await store.ready();
  expect(await caughtUp).toBe(2);
  stop.abort();
  await running;
});
