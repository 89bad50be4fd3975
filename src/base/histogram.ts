type Labels = Readonly<Record<string, string | number>>;
type Options = {
  /** The whole name, as Prometheus sees it. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in rising order, without +Inf. */
  readonly buckets: readonly number[];
};

/** The values that were seen under the same labels. */
export type Series = { observe(value: number): void };

/**
 * A histogram of Prometheus whose series can be held on to, one from the start where there are no labels: prom-client finds the series anew for each value, which costs
 * more than to give a pod a token that is in the cache.
 */
export class Histogram {
  readonly #options: Options;
  readonly #series = new Map<string, Tally>();

  constructor(options: Options) {
    this.#options = options;
    if (options.labels.length === 0) this.series({});
  }

  /** The series under these labels, which exists from now on. @throws Error for a label that the family has not */
  series(labels: Labels): Series {
    const shown = shownLabels(labels, this.#options.labels);
    const known = this.#series.get(shown);
    if (known !== undefined) return known;
    const made = new Tally(this.#options.buckets);
    this.#series.set(shown, made);
    return made;
  }

  /** The family in Prometheus' text format. */
  expose(): string {
    const { name, help } = this.#options;
    const series = [...this.#series].flatMap(([labels, tally]) => tally.lines(name, labels));
    return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...series, ""].join("\n");
  }
}

class Tally implements Series {
  readonly #bounds: readonly number[];
  /** One a bucket, each without those of the buckets before it; the last is of what is above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at += 1;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#sum += value;
  }

  lines(name: string, labels: string): string[] {
    let count = 0;
    const buckets = this.#counts.map((own, at) => {
      count += own;
      const le = `le="${this.#bounds[at] ?? "+Inf"}"`;
      return `${name}_bucket{${[le, labels].filter(Boolean).join(",")}} ${count}`;
    });
    const shown = labels === "" ? "" : `{${labels}}`;
    return [...buckets, `${name}_sum${shown} ${this.#sum}`, `${name}_count${shown} ${count}`];
  }
}

function shownLabels(labels: Labels, names: readonly string[]): string {
  const stranger = Object.keys(labels).find((label) => !names.includes(label));
  if (stranger !== undefined) throw new Error(`the metric has no label ${stranger}, but ${names.join(", ")}`);
  const given = names.filter((label) => labels[label] !== undefined);
  return given.map((label) => `${label}="${escaped(String(labels[label]))}"`).join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
