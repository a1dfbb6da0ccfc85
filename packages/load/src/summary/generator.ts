/** What the summary says of the generator: that it was the limit, before anything else, and how it kept to the clock. */
import { type GeneratorHealth, limitSentence } from '../generator/health.ts'
import { type Paint, type TimeUnit, humanizeDuration } from './format.ts'

/** One sentence and an empty line; nothing when the generator kept up. */
export function limitLines(health: GeneratorHealth, paint: Paint): string[] {
  const sentence = limitSentence(health)
  return sentence === null ? [] : [`  ${paint(`! ${sentence}`, 'red')}`, '']
}

/** Iterations that the clock asked for, and their durations from when they should have begun. */
export function arrivalLines(
  { offered, started, dropped, startLagP99Ms, intended }: GeneratorHealth,
  paint: Paint,
  timeUnit: TimeUnit,
): string[] {
  if (intended === null || startLagP99Ms === null) return []
  const time = (ms: number): string => humanizeDuration(ms, timeUnit)
  const { avg, med, p90, p95, p99, max } = intended
  return [
    `    ${paint('OFFERED', 'bold')}`,
    `    iterations_offered.............: ${offered} started=${started} dropped=${dropped}`,
    `    start_lag......................: p(99)=${time(startLagP99Ms)}`,
    `    iteration_duration_from_offer..: avg=${time(avg)} med=${time(med)} max=${time(max)} p(90)=${time(p90)} p(95)=${time(p95)} p(99)=${time(p99)}`,
    '',
  ]
}
