import { Counter, Gauge, Registry } from "prom-client";
import { Histogram, type Series } from "./histogram.ts";

/** A metric family as the contract tables declare it; names are whole, as Prometheus sees them. */
export type MetricFamily = {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, without +Inf. */
  readonly buckets?: readonly number[];
  /** Values of the one label whose series exist from the start, so that alerts see the first increase. */
  readonly from?: Readonly<Record<string, readonly string[]>>;
};
export type Labels = Readonly<Record<string, string | number>>;

/** The families of one table as live metrics, in a registry of their own: no process or runtime metrics. */
export class Metrics<Name extends string> {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #readings = new Map<string, () => number>();
  readonly #counted: (() => void)[] = [];

  constructor(families: Readonly<Record<Name, MetricFamily>>) {
    for (const [name, family] of Object.entries<MetricFamily>(families)) {
      const { help, labels, buckets = [] } = family;
      const shared = { name, help, labelNames: [...labels], registers: [this.#registry] };
      if (family.type === "counter") this.#counters.set(name, new Counter(shared));
      else if (family.type === "gauge") this.#gauges.set(name, new Gauge(shared));
      else this.#histograms.set(name, new Histogram({ name, help, labels, buckets }));
      this.#begin(name, family.from ?? {});
    }
  }

  #begin(name: string, from: Readonly<Record<string, readonly string[]>>): void {
    for (const [label, values] of Object.entries(from)) {
      for (const labels of values.map((value) => ({ [label]: value }))) {
        this.#counters.get(name)?.inc(labels, 0);
        this.#gauges.get(name)?.set(labels, 0);
        this.#histograms.get(name)?.series(labels);
      }
    }
  }

  /** Adds to a counter. */
  count(name: Name, labels: Labels = {}, by = 1): void {
    this.#counters.get(name)?.inc({ ...labels }, by);
  }

  /** Adds one to a counter at each call: for what happens so often that finding the counter each time would cost. */
  counting(name: Name, labels: Labels = {}): () => void {
    let count = 0;
    this.#counted.push(() => {
      this.count(name, labels, count);
      count = 0;
    });
    return () => {
      count += 1;
    };
  }

  /** Sets a gauge. */
  set(name: Name, value: number, labels: Labels = {}): void {
    this.#gauges.get(name)?.set({ ...labels }, value);
  }

  /** Sets a gauge without labels whenever it is exposed. */
  follow(name: Name, reading: () => number): void {
    this.#readings.set(name, reading);
  }

  /** Adds one value to a histogram; durations are in seconds. */
  observe(name: Name, value: number, labels: Labels = {}): void {
    this.series(name, labels).observe(value);
  }

  /** The series of a histogram under these labels, to be held on to. @throws Error when the family is no histogram */
  series(name: Name, labels: Labels = {}): Series {
    const histogram = this.#histograms.get(name);
    if (histogram === undefined) throw new Error(`${name} is not a histogram`);
    return histogram.series(labels);
  }

  /** The text that `/metrics` answers, and its content type. */
  async expose(): Promise<{ readonly contentType: string; readonly body: string }> {
    for (const [name, reading] of this.#readings) this.#gauges.get(name)?.set(reading());
    for (const add of this.#counted) add();
    const histograms = [...this.#histograms.values()].map((histogram) => histogram.expose());
    const body = [await this.#registry.metrics(), ...histograms].join("\n");
    return { contentType: this.#registry.contentType, body };
  }
}
