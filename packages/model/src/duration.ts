/** Prometheus durations: `1h30m`, units y w d h m s ms in falling order, each at most once. */

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/

/** Milliseconds, or undefined when `text` is not a duration. `0` needs no unit. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const match = text === '' ? null : DURATION.exec(text)
  if (match === null) return undefined
  let ms = 0
  UNITS.forEach(([, unitMs], i) => {
    if (match[i + 1] !== undefined) ms += Number(match[i + 1]) * unitMs
  })
  return ms
}

/** The shortest exact form, as Prometheus prints it: years, weeks and days only when nothing smaller follows. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = Math.abs(ms)
  let out = ms < 0 ? '-' : ''
  for (const [unit, unitMs] of UNITS) {
    const isCalendar = unit === 'y' || unit === 'w'
    if (isCalendar && rest % unitMs !== 0) continue
    const count = Math.floor(rest / unitMs)
    if (count === 0) continue
    out += count + unit
    rest -= count * unitMs
  }
  return out
}
