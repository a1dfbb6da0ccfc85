/** Labels of a time axis in 24 hours: seconds only where steps are seconds, days where they are days. */

const two = (n: number): string => String(n).padStart(2, '0')
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `splits` and `stepSec` in seconds. Midnight is named by its day. */
export function timeLabels(splits: number[], stepSec: number): string[] {
  return splits.map((sec) => {
    const date = new Date(sec * 1000)
    const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`
    if (stepSec >= 86_400 * 300) return String(date.getFullYear())
    if (stepSec >= 86_400) return day
    const clock = `${two(date.getHours())}:${two(date.getMinutes())}`
    if (stepSec >= 60) return clock === '00:00' ? day : clock
    return `${clock}:${two(date.getSeconds())}`
  })
}

/** Steps of an axis that counts from a start, seconds. */
export const ELAPSED_STEPS: number[] = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
]

/** `0:00`, `1:30`, `1:05:00`. */
export function elapsedLabel(sec: number): string {
  const whole = Math.max(0, Math.round(sec))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}
