import type { WeakPoint } from "./weak-point.ts";
import { chart } from "./weak-points-chart.ts";
import { agentLoad } from "./weak-points-nmi-load.ts";
import { agentResults } from "./weak-points-nmi-results.ts";
import { agentSecurity } from "./weak-points-nmi-security.ts";
import { securityAndOperations, telemetry } from "./weak-points-operations.ts";
import { wrongResults } from "./weak-points-results.ts";
import { scaleAndConcurrency } from "./weak-points-scale.ts";

/** Every weak point of the original's controller, then of its node agent, in order; docs/reference/weak-points.md is generated from here. */
export const weakPoints: readonly WeakPoint[] = [
  ...wrongResults,
  ...scaleAndConcurrency,
  ...securityAndOperations,
  ...telemetry,
  ...chart,
  ...agentSecurity,
  ...agentResults,
  ...agentLoad,
];
