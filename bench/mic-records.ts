import { type Assignment, type AssignmentState, readAssignment } from "../src/api/assignment.ts";
import { kinds } from "../src/api/kinds.ts";
import { createLog } from "../src/base/log.ts";
import type { KubeClient } from "../src/kube/client.ts";
import { Store } from "../src/kube/store.ts";

/** The states of all records, by a watch of the bench's own. */
export async function followRecords(
  client: KubeClient,
): Promise<AsyncDisposable & { states(): readonly AssignmentState[] }> {
  const end = new AbortController();
  const log = createLog({ write: () => {} });
  const store = new Store<Assignment>({ client, kind: kinds.assignment, read: readAssignment, log });
  const running = store.run(end.signal);
  await store.ready();
  return {
    states: () => store.list().map(({ state }) => state),
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
    },
  };
}
