/** A rule of Prometheus that wakes somebody, or tells them in the morning. */
export type Alert = {
  readonly alert: string;
  /** `critical`: pods go without tokens, or will; `warning`: some do, or something is about to fail; `info`: for the working day. */
  readonly severity: "critical" | "warning" | "info";
  /** PromQL over metrics of ours, and `up` of Prometheus. What only the leader knows is asked of the leader: others keep what they last knew. */
  readonly expr: string;
  /** How long it has to hold. */
  readonly for: string;
  /** What is broken, in one line; a template of Prometheus. */
  readonly summary: string;
  /** What it means, and where to look: Markdown, links relative to docs/reference. */
  readonly help: string;
};

/** Of a gauge that only the leader keeps up to date: what the leader says. */
export const ofLeader = (gauge: string) => `${gauge} and on (instance) aadpodidentity_mic_leader == 1`;
