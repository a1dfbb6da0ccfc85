/** Values as k6's summary shows them. */
import type { Metric } from '../metrics/metric.ts'

export type TimeUnit = '' | 's' | 'ms' | 'us'

/** Metric value with its unit. */
export function humanizeValue(
  value: number,
  { type, contains }: Metric,
  timeUnit: TimeUnit,
): string {
  if (type === 'rate') return `${(Math.trunc(value * 100 * 100) / 100).toFixed(2)}%`
  if (contains === 'data') return humanizeBytes(value)
  if (contains === 'time') return humanizeDuration(value, timeUnit)
  return toFixedNoTrailingZeros(value, 6)
}

/** Base 1000; one decimal below ten. */
export function humanizeBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
  if (bytes < 10) return `${toFixedNoTrailingZeros(bytes, 6)} B`
  const exponent = Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = Math.floor((bytes / 1000 ** exponent) * 10 + 0.5) / 10
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[exponent]}`
}

function toFixedNoTrailingZeros(value: number, decimals: number): string {
  return String(Number.parseFloat(value.toFixed(decimals)))
}

/** Two decimals, cut, without zeros at the end. */
function truncated(value: number, decimals = 2): string {
  const factor = 10 ** decimals
  return String(Math.trunc(value * factor) / factor)
}

/** `ms` in the largest unit that fits (or in `unit`), cut to two decimals. */
export function humanizeDuration(ms: number, unit: TimeUnit = ''): string {
  if (unit === 's') return `${(ms / 1000).toFixed(2)}s`
  if (unit === 'ms') return `${ms.toFixed(2)}ms`
  if (unit === 'us') return `${(ms * 1000).toFixed(2)}µs`
  if (ms === 0) return '0s'
  if (ms < 0.001) return `${Math.trunc(ms * 1e6)}ns`
  if (ms < 1) return `${truncated(ms * 1000)}µs`
  if (ms < 1000) return `${truncated(ms)}ms`
  // From a second on, below a minute, two decimals; above, whole seconds.
  if (ms < 60_000) return `${truncated(ms / 1000)}s`
  const seconds = Math.trunc(ms / 1000)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  return `${hours > 0 ? `${hours}h` : ''}${minutes}m${seconds % 60}s`
}

/** A rate per second: six decimals, zeros cut. */
export function humanizePerSecond(value: number, metric: Metric): string {
  return metric.contains === 'data'
    ? `${humanizeBytes(value)}/s`
    : `${toFixedNoTrailingZeros(value, 6)}/s`
}

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  return Array.from(text.normalize('NFC')).length
}

const ANSI = new Map([
  ['bold', 1],
  ['faint', 2],
  ['red', 31],
  ['green', 32],
  ['yellow', 33],
  ['cyan', 36],
])

export type Paint = (text: string, ...styles: string[]) => string

export function painter(hasColour: boolean): Paint {
  if (!hasColour) return (text) => text
  return (text, ...styles) =>
    `\u001b[${styles.map((one) => ANSI.get(one)).join(';')}m${text}\u001b[0m`
}
