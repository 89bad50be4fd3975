import type { Scenario } from "./scenario.ts";
import { azureScenarios } from "./scenarios-azure.ts";
import { clusterScenarios, forgottenScenarios } from "./scenarios-cluster.ts";
import { micScenarios } from "./scenarios-mic.ts";
import { agentScenarios } from "./scenarios-nmi.ts";
import { agentClusterScenarios, agentForgottenScenarios } from "./scenarios-nmi-cluster.ts";
import { realClusterScenarios } from "./scenarios-real-cluster.ts";

type Section = { readonly title: string; readonly scenarios: readonly Scenario[] };

/** Every scenario of the original, the controller's first; docs/reference/scenarios.md is generated from here. */
export const scenarioSections: readonly Section[] = [
  { title: "Identities of VMs and scale sets", scenarios: azureScenarios },
  { title: "The controller", scenarios: micScenarios },
  { title: "A whole cluster", scenarios: clusterScenarios },
  { title: "What the original's tests leave out", scenarios: forgottenScenarios },
  { title: "The node agent", scenarios: agentScenarios },
  { title: "The node agent in a whole cluster", scenarios: agentClusterScenarios },
  { title: "What the original's tests leave out of the node agent", scenarios: agentForgottenScenarios },
  { title: "On a real cluster", scenarios: realClusterScenarios },
];
