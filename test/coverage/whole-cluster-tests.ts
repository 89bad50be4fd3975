/** Tests of MIC on a real API server that more than one table names. */

export const pods = "test/e2e/mic-pods.test.ts";
export const machines = "test/e2e/mic-machines.test.ts";
export const leaders = "test/e2e/mic-leaders.test.ts";

export const edited = { file: pods, name: "follows an AzureIdentity that is edited in place" };
export const several = { file: pods, name: "gives a pod all identities whose bindings select it" };
export const sharedOnSets = {
  file: machines,
  name: "keeps an identity on a scale set until its last pod there is gone, and on another scale set longer",
};
export const pinned = { file: machines, name: "never takes a pinned identity off, on VMs and scale sets" };
export const putBack = { file: machines, name: "puts back an identity that was taken off by hand while its pod lives" };
