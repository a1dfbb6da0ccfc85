/** Counters of all scrapes of a manager, under Prometheus's names where it has one. */
import type { OwnMetric } from '../status.ts'

export class ScrapeCounters {
  outOfOrder = 0
  duplicate = 0
  tooOld = 0
  refused = 0
  sampleLimit = 0
  bodySizeLimit = 0
  targetLimit = 0
  scrapes = 0
  failures = 0
  samples = 0

  metrics(): OwnMetric[] {
    const counter = (name: string, help: string, value: number): OwnMetric => ({
      name,
      help,
      type: 'counter',
      samples: [{ labels: {}, value }],
    })
    return [
      counter('vigie_scrapes_total', 'Scrapes and probes made.', this.scrapes),
      counter('vigie_scrape_failures_total', 'Scrapes and probes that failed.', this.failures),
      counter('vigie_scrape_samples_total', 'Samples in scraped bodies.', this.samples),
      counter(
        'vigie_scrape_samples_refused_total',
        'Samples of series that the storage had no room for.',
        this.refused,
      ),
      counter(
        'prometheus_target_scrapes_sample_out_of_order_total',
        'Total number of samples rejected due to not being out of the expected order.',
        this.outOfOrder,
      ),
      counter(
        'prometheus_target_scrapes_sample_duplicate_timestamp_total',
        'Total number of samples rejected due to duplicate timestamps but different values.',
        this.duplicate,
      ),
      counter(
        'prometheus_target_scrapes_sample_out_of_bounds_total',
        'Total number of samples rejected due to timestamp falling outside of the time bounds.',
        this.tooOld,
      ),
      counter(
        'prometheus_target_scrapes_exceeded_sample_limit_total',
        'Total number of scrapes that hit the sample limit and were rejected.',
        this.sampleLimit,
      ),
      counter(
        'prometheus_target_scrapes_exceeded_body_size_limit_total',
        'Total number of scrapes that hit the body size limit.',
        this.bodySizeLimit,
      ),
      counter(
        'prometheus_target_scrape_pool_exceeded_target_limit_total',
        'Total number of times scrape pools hit the target limit, during sync or config reload.',
        this.targetLimit,
      ),
    ]
  }
}
