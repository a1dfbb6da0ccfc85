/** What a probe found out, and its text in the exposition format. */

/** blackbox_exporter's help texts, shortened. */
const HELP: ReadonlyMap<string, string> = new Map([
  ['probe_success', 'Displays whether or not the probe was a success'],
  ['probe_duration_seconds', 'Returns how long the probe took to complete in seconds'],
  ['probe_timeout_seconds', 'Displays the configured timeout'],
  ['probe_dns_lookup_time_seconds', 'Returns the time taken for probe dns lookup in seconds'],
  ['probe_ip_protocol', 'Specifies whether probe ip protocol is IP4 or IP6'],
  ['probe_failed_due_to_regex', 'Indicates if probe failed due to regex'],
  ['probe_http_status_code', 'Response HTTP status code'],
  ['probe_http_duration_seconds', 'Duration of http request by phase, summed over all redirects'],
  ['probe_http_content_length', 'Length of http content response'],
  ['probe_http_uncompressed_body_length', 'Length of uncompressed response body'],
  ['probe_http_redirects', 'The number of redirects'],
  ['probe_http_ssl', 'Indicates if SSL was used for the final redirect'],
  ['probe_http_version', 'Returns the version of HTTP of the probe response'],
  [
    'probe_http_last_modified_timestamp_seconds',
    'Returns the Last-Modified HTTP response header in unixtime',
  ],
  ['probe_ssl_earliest_cert_expiry', 'Returns last SSL chain expiry in unixtime'],
  ['probe_tls_version_info', 'Returns the TLS version used or NaN when unknown'],
])

export class ProbeResult {
  /** Why the probe failed, in plain words; '' when it did not. */
  failure = ''
  readonly #values = new Map<string, Map<string, number>>()

  set(name: string, value: number, labels = ''): void {
    let series = this.#values.get(name)
    if (series === undefined) this.#values.set(name, (series = new Map()))
    series.set(labels, value)
  }

  /** For durations summed over redirects. */
  add(name: string, value: number, labels = ''): void {
    this.set(name, (this.#values.get(name)?.get(labels) ?? 0) + value, labels)
  }

  /** Keeps the first reason. */
  fail(reason: string): void {
    if (this.failure === '') this.failure = reason
  }

  /** Text format 0.0.4; every series is a gauge. */
  render(): string {
    let text = ''
    for (const [name, series] of this.#values) {
      const help = HELP.get(name)
      if (help !== undefined) text += `# HELP ${name} ${help}\n`
      text += `# TYPE ${name} gauge\n`
      for (const [labels, value] of series)
        text += `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`
    }
    return text
  }
}
