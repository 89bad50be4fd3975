import { kinds } from "../../api/kinds.ts";
import { deleteIdentity } from "./azure-steps.ts";
import { installedFiles, LEASE } from "./install.ts";
import { areNone, areNoPods, areOffMachines } from "./probes.ts";
import type { Setup } from "./setup.ts";
import { kubectl } from "./typing.ts";
import { type Step, until } from "./walk.ts";

/** The guide's clean-up: afterwards neither a record nor the identity on the machine is left. */
export function cleanUp({ pods, identity }: { readonly pods: readonly string[]; readonly identity: string }): Step {
  return {
    title: "Clean up",
    isEnd: true,
    run: async (walk) => {
      await kubectl(walk, ["delete", "pod", ...pods]);
      await kubectl(walk, ["delete", "azureidentity", identity]);
      await kubectl(walk, ["delete", "azureidentitybinding", `${identity}-binding`]);
      const what = "the AzureAssignedIdentity to go";
      await until(walk, { what, probe: () => areNone(walk, kinds.assignment) });
      walk.screen.ok("no AzureAssignedIdentity is left");
      await until(walk, { what: "the identity to leave the machines", probe: () => areOffMachines(walk) });
      walk.screen.ok("the identity is off the machine again");
      await deleteIdentity(walk, identity);
      walk.screen.ok("the identity is gone from Azure");
    },
  };
}

/** Takes MIC, NMI and the custom resources away: a cluster of the user's own is left as it was. */
export function uninstall(setup: Setup): Step {
  return {
    title: "Uninstall",
    isEnd: true,
    run: async (walk) => {
      const files = installedFiles(walk, setup);
      await kubectl(walk, ["delete", ...files.flatMap((file) => ["-f", file])]);
      if (setup.hasMic) await kubectl(walk, ["delete", "lease", LEASE.name]);
      for (const component of ["mic", "nmi"]) {
        await until(walk, { what: `the pods of ${component} to go`, probe: () => areNoPods(walk, component) });
      }
      walk.screen.ok("nothing of it is left in the cluster");
    },
  };
}
