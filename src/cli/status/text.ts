/** How a cluster does, at one moment. */
export type ClusterView = {
  readonly nodes: number;
  /** The phase of each pod; empty for one that has none yet. */
  readonly phases: readonly string[];
  /** Who leads, if a MIC does. */
  readonly leader: string | undefined;
  /** Tokens that the metadata service has given. */
  readonly tokens: number;
  readonly lastEvent: string | undefined;
};

const PHASES = ["Running", "Pending", "Succeeded", "Failed"];

/** The one line that tells it, the least important last, since lines are cut. */
export function statusText({ nodes, phases, leader, tokens, lastEvent }: ClusterView): string {
  const parts = [
    counted(nodes, "node"),
    podsText(phases),
    leader === undefined ? "no MIC leads" : `MIC leads: ${leader}`,
    counted(tokens, "token"),
    ...(lastEvent === undefined ? [] : [lastEvent]),
  ];
  return parts.join(" · ");
}

function podsText(phases: readonly string[]): string {
  const counts = Map.groupBy(phases, (phase) => (PHASES.includes(phase) ? phase : "Unknown"));
  const told = [...PHASES, "Unknown"].flatMap((phase) => {
    const of = counts.get(phase);
    return of === undefined ? [] : [`${of.length} ${phase}`];
  });
  return told.length === 0 ? "no pods" : `${counted(phases.length, "pod")}: ${told.join(", ")}`;
}

const counted = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
