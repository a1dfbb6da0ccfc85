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
