/** What a run says of itself before it begins. */
import { formatGoDuration } from '../duration.ts'
import { lastMomentMs, maxVusOf } from '../executors/plan.ts'
import type { RunOptions } from '../options.ts'
import { describeScenario } from '../progress.ts'

/** `outputs` in words; `isPlanned`: the scenarios run as they are written, without a controller. */
export function announcement(
  script: string,
  outputs: readonly string[],
  options: RunOptions,
  isPlanned: boolean,
): string {
  return [
    '',
    '     execution: local',
    `        script: ${script}`,
    `        output: ${outputs.join(', ') || '-'}`,
    '',
    ...(isPlanned ? scenarioLines(options) : []),
    '',
    '',
  ].join('\n')
}

function scenarioLines({ scenarios, stripes }: RunOptions): string[] {
  const vus = scenarios.reduce((sum, one) => sum + maxVusOf(one), 0)
  const percent = (stripes === null ? 100 : (100 * stripes.own.length) / stripes.period).toFixed(2)
  return [
    `     scenarios: (${percent}%) ${scenarios.length} scenario${scenarios.length === 1 ? '' : 's'}, ${vus} max VUs, ${formatGoDuration(lastMomentMs(scenarios))} max duration (incl. graceful stop):`,
    ...scenarios.map((one) => `              * ${one.name}: ${describeScenario(one)}`),
  ]
}
