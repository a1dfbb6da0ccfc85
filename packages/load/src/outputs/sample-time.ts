/** Times of samples as Go prints them: RFC 3339 in the local zone, fractions without zeros at their end. */

/** `2026-01-02T03:04:05.123456+02:00`, or without the fraction. `timeMs` is a fractional number of ms. */
export function formatTime(timeMs: number, hasFraction = true): string {
  const seconds = Math.floor(timeMs / 1000)
  const offset = -new Date(timeMs).getTimezoneOffset()
  const local = new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19)
  const micros = Math.floor((timeMs - seconds * 1000) * 1000)
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`
  return `${local}${hasFraction ? fraction : ''}${zone(offset)}`
}

function zone(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z'
  const size = Math.abs(offsetMinutes)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}
