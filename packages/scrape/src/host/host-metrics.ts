/**
 * What this machine does, under node_exporter's names, so that dashboards and rules made for it work
 * without it. On Linux from /proc; elsewhere what Node itself knows.
 */
import os from 'node:os'
import { collectLinux } from './linux.ts'
import { MetricText } from './metric-text.ts'

export interface HostMetricsOptions {
  /** Where proc is mounted. Default: `/proc`. */
  procPath?: string | undefined
}

/** Text format 0.0.4. */
export async function hostMetrics(options: HostMetricsOptions = {}): Promise<string> {
  const text = new MetricText()
  text.add(
    'node_uname_info',
    'gauge',
    'Labeled system information as provided by the uname system call.',
    [
      [
        1,
        {
          machine: os.machine(),
          nodename: os.hostname(),
          release: os.release(),
          sysname: os.type(),
          version: os.version(),
        },
      ],
    ],
  )
  text.gauge('node_time_seconds', 'System time in seconds since epoch (1970).', Date.now() / 1000)
  if (os.platform() === 'linux') await collectLinux(text, options.procPath ?? '/proc')
  else collectPortable(text)
  return text.toString()
}

function collectPortable(text: MetricText): void {
  text.add(
    'node_cpu_seconds_total',
    'counter',
    'Seconds the CPUs spent in each mode.',
    os
      .cpus()
      .flatMap(({ times }, cpu) =>
        Object.entries(times).map(
          ([mode, ms]) =>
            [ms / 1000, { cpu: String(cpu), mode: mode === 'sys' ? 'system' : mode }] as const,
        ),
      ),
  )
  const [load1, load5, load15] = os.loadavg()
  text.gauge('node_load1', '1m load average.', load1)
  text.gauge('node_load5', '5m load average.', load5)
  text.gauge('node_load15', '15m load average.', load15)
  text.gauge(
    'node_memory_MemTotal_bytes',
    'Memory information field MemTotal_bytes.',
    os.totalmem(),
  )
  text.gauge('node_memory_MemFree_bytes', 'Memory information field MemFree_bytes.', os.freemem())
  text.gauge(
    'node_memory_MemAvailable_bytes',
    'Memory information field MemAvailable_bytes.',
    os.freemem(),
  )
  text.gauge(
    'node_boot_time_seconds',
    'Node boot time, in unixtime.',
    Math.round(Date.now() / 1000 - os.uptime()),
  )
}
