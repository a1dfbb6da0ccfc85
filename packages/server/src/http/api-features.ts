/** `/features`: what this server can do and what of it is switched on, for pages and tools that adapt. */
import { FUNCTIONS } from '@vigie/promql'
import { type Answer, type Call, json } from './answer.ts'

export function features({ vigie }: Call): Answer {
  const { admin, lifecycle, remoteWrite } = vigie.switches
  const isOn = (name: string): boolean => vigie.switches.features.has(name)
  const functions = [...FUNCTIONS.values()]
    .map(({ name, isExperimental }) => [
      name,
      !isExperimental || isOn('promql-experimental-functions'),
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return json({
    api: {
      admin,
      exclude_alerts: true,
      label_values_match: true,
      lifecycle,
      openapi_3_1: true,
      query_stats: true,
      query_warnings: true,
      remote_write_receiver: remoteWrite,
      search: isOn('search-api'),
      time_range_labels: true,
      time_range_series: true,
    },
    promql: {
      anchored: isOn('promql-extended-range-selectors'),
      at_modifier: true,
      bool: true,
      by: true,
      delayed_name_removal: isOn('promql-delayed-name-removal'),
      duration_expr: true,
      experimental_functions: isOn('promql-experimental-functions'),
      fill: isOn('promql-binop-fill-modifiers'),
      group_left: true,
      group_right: true,
      ignoring: true,
      negative_offset: true,
      offset: true,
      on: true,
      per_query_lookback_delta: true,
      per_step_stats: false,
      smoothed: isOn('promql-extended-range-selectors'),
      subqueries: true,
      without: true,
    },
    promql_functions: Object.fromEntries(functions),
    prometheus: {
      exemplar_storage: isOn('exemplar-storage'),
      remote_write_receiver: remoteWrite,
    },
    rules: {
      keep_firing_for: true,
      query_offset: true,
    },
    scrape: {
      extra_scrape_metrics: false,
      native_histograms: true,
      start_timestamp_zero_ingestion: isOn('created-timestamp-zero-ingestion'),
    },
    service_discovery_providers: { file: true, static: true },
    tsdb: { exemplars: isOn('exemplar-storage'), native_histograms: true },
    ui: { ui_v3: false },
  })
}
