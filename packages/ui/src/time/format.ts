/** Durations, ages and plain numbers as the pages show them. */

/** `4 s`, `12 min`, `3 h`, `2 d`: the one unit that matters. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86400)} d`
}

/** `0.4 ms`, `12 ms`, `1.25 s`, `2 min 5 s`. */
export function formatDurationMs(ms: number): string {
  if (ms < 1) return `${trim(ms, 2)} ms`
  if (ms < 1000) return `${trim(ms, ms < 10 ? 1 : 0)} ms`
  if (ms < 60_000) return `${trim(ms / 1000, 2)} s`
  const seconds = Math.round(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (h > 0) return m > 0 ? `${h} h ${m} min` : `${h} h`
  return s > 0 ? `${m} min ${s} s` : `${m} min`
}

/** Three significant digits with K, M, G: what a tile has room for. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞'
  const magnitude = Math.abs(value)
  for (const [size, suffix] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'K'],
  ] as const) {
    if (magnitude >= size) {
      const scale = suffix === 'K' ? 1e3 : size
      return significant(value / scale) + suffix
    }
  }
  return significant(value)
}

/** Bytes in powers of 1024. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${significant(value)} ${units[unit]}`
}

/** Bytes in powers of 1000: for axes, whose steps are round decimals. */
export function formatBytesDecimal(bytes: number): string {
  let value = bytes
  let unit = 0
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  while (Math.abs(value) >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${significant(value)} ${units[unit]}`
}

function significant(value: number): string {
  const magnitude = Math.abs(value)
  if (magnitude >= 1000) return String(Math.round(value))
  if (Number.isInteger(value)) return String(value)
  return trim(value, magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 0.1 ? 2 : 4)
}

function trim(value: number, decimals: number): string {
  return String(Number(value.toFixed(decimals)))
}

/** `14:05:09`, with the date in front when it is not `nowMs`'s day. */
export function formatClock(ms: number, nowMs: number): string {
  const date = new Date(ms)
  const time = date.toLocaleTimeString('en-GB')
  return date.toDateString() === new Date(nowMs).toDateString()
    ? time
    : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time}`
}
