import { describe, inject } from "vitest";
import { accessTo } from "../support/control-plane.ts";
import { kubeEvents } from "./kube-events.ts";
import { kubeLeader } from "./kube-leader.ts";
import { kubeObjects } from "./kube-objects.ts";
import { kubeStore } from "./kube-store.ts";
import type { ApiUnderTest } from "./kube-under-test.ts";

const plane = inject("controlPlane");
const isMissing = "missing" in plane;

function api(): ApiUnderTest {
  if (isMissing) throw new Error(plane.missing);
  const access = accessTo(plane);
  const stranger = { ...access, credentials: async () => ({ ...(await access.credentials()), impersonate: "jane" }) };
  return { access, stranger };
}

describe.skipIf(isMissing)(`kube-apiserver${isMissing ? ` (skipped: ${plane.missing})` : ""}`, () => {
  kubeObjects(api);
  kubeStore(api);
  kubeLeader(api);
  kubeEvents(api);
});
