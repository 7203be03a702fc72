import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/**
 * Levels that prom-client names like counters (`…_total`), which the checks of Prometheus reject. Each is the sum of the
 * metric of the same name without the ending.
 */
const misnamedGauges = [
  'nodejs_active_resources_total',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
];

/** The delays of the event loop that prom-client measures wake an idle process up a hundred times a second. */
const costlyGauges = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (name) => `nodejs_eventloop_lag_${name}_seconds`,
);
const neverMs = 2 ** 31 - 1;

/** One total, or a total for each value of one label. */
type Reading = number | Readonly<Record<string, number>>;

/**
 * The `/metrics` page. Hot paths count in plain integers of their own; a scrape reads them through the
 * functions registered here, so that counting costs one addition.
 */
export class Metrics {
  readonly #registry = new Registry();

  constructor(options: { processMetrics?: boolean } = {}) {
    if (options.processMetrics !== true) return;
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: neverMs });
    for (const name of [...misnamedGauges, ...costlyGauges]) this.#registry.removeSingleMetric(name);
  }

  /** A count that only rises (name it `…_total`). With `label`, `read` gives one total per label value. */
  counter(name: string, help: string, read: () => Reading, label?: string): void {
    this.#sampled(Counter, name, help, read, label);
  }

  /** A level that rises and falls. */
  gauge(name: string, help: string, read: () => Reading, label?: string): void {
    this.#sampled(Gauge, name, help, read, label);
  }

  /** A distribution in seconds or bytes; not for the per-message path. */
  histogram(name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] });
  }

  /** The page in the Prometheus text format, and its content type. */
  async page(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #sampled(
    Kind: typeof Counter | typeof Gauge,
    name: string,
    help: string,
    read: () => Reading,
    label: string | undefined,
  ): void {
    const metric = new Kind({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      collect() {
        this.reset();
        const reading = read();
        if (typeof reading === 'number') this.inc(reading);
        else if (label !== undefined) {
          for (const [value, count] of Object.entries(reading)) this.inc({ [label]: value }, count);
        }
      },
      registers: [],
    });
    this.#registry.registerMetric(metric);
  }
}
