import { expect, it } from "vitest";
import { snapshot } from "../../test/support/kube/small-cluster.ts";
import { pod } from "../../test/support/make.ts";
import { Statistics } from "./statistics.ts";

it("sums up what was done, under the labels that people search for, and begins anew", () => {
  const statistics = new Statistics();
  statistics.looked(snapshot({ pods: [pod("a"), pod("b")] }), 4.4);
  statistics.azureCalled("vm_get", 100);
  statistics.azureCalled("vmss_update", 2_000);
  statistics.azureCalled("vm_update", 1_000);
  statistics.recordWritten("addition", 10);
  statistics.recordWritten("addition", 20);
  statistics.recordWritten("update", 3);
  statistics.recordWritten("deletion", 5);
  statistics.recordWritten("status", 50);
  expect(statistics.take()).toEqual([
    "Pod listing: 2",
    "AzureIdentity listing: 0",
    "AzureIdentityBinding listing: 0",
    "AzureAssignedIdentity listing: 0",
    "System: 4ms",
    "Cloud provider GET: 100ms",
    "Number of cloud provider GET: 1",
    "Cloud provider PATCH: 3000ms",
    "Number of cloud provider PATCH: 2",
    "AzureAssignedIdentity creation: 30ms",
    "Number of AzureAssignedIdentities created in this sync cycle: 2",
    "AzureAssignedIdentity update: 3ms",
    "Number of AzureAssignedIdentities updated in this sync cycle: 1",
    "AzureAssignedIdentity deletion: 5ms",
    "Number of AzureAssignedIdentities deleted in this sync cycle: 1",
  ]);
  expect(statistics.take()).toEqual([]);
});
