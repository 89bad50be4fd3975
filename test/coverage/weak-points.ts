import type { WeakPoint } from "./weak-point.ts";
import { agentSecurity } from "./weak-points-nmi-security.ts";
import { agentLoad, agentResults } from "./weak-points-nmi-service.ts";
import { securityAndOperations, telemetry } from "./weak-points-operations.ts";
import { wrongResults } from "./weak-points-results.ts";
import { scaleAndConcurrency } from "./weak-points-scale.ts";

/** Every weak point of the original's controller, then of its node agent, in order; docs/reference/weak-points.md is generated from here. */
export const weakPoints: readonly WeakPoint[] = [
  ...wrongResults,
  ...scaleAndConcurrency,
  ...securityAndOperations,
  ...telemetry,
  ...agentSecurity,
  ...agentResults,
  ...agentLoad,
];
