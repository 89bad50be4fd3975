import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** A metric family as the contract tables declare it; names are whole, as Prometheus sees them. */
export type MetricFamily = {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, without +Inf. */
  readonly buckets?: readonly number[];
};
export type Labels = Readonly<Record<string, string | number>>;

/** The families of one table as live metrics, in a registry of their own: no process or runtime metrics. */
export class Metrics<Name extends string> {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(families: Readonly<Record<Name, MetricFamily>>) {
    for (const [name, family] of Object.entries<MetricFamily>(families)) {
      const shared = { name, help: family.help, labelNames: [...family.labels], registers: [this.#registry] };
      if (family.type === "counter") this.#counters.set(name, new Counter(shared));
      else if (family.type === "gauge") this.#gauges.set(name, new Gauge(shared));
      else this.#histograms.set(name, new Histogram({ ...shared, buckets: [...(family.buckets ?? [])] }));
    }
  }

  /** Adds to a counter. */
  count(name: Name, labels: Labels = {}, by = 1): void {
    this.#counters.get(name)?.inc({ ...labels }, by);
  }

  /** Sets a gauge. */
  set(name: Name, value: number, labels: Labels = {}): void {
    this.#gauges.get(name)?.set({ ...labels }, value);
  }

  /** Adds one value to a histogram; durations are in seconds. */
  observe(name: Name, value: number, labels: Labels = {}): void {
    this.#histograms.get(name)?.observe({ ...labels }, value);
  }

  /** The text that `/metrics` answers, and its content type. */
  async expose(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
