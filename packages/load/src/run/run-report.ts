/** A run as others see it: Vigie while it goes on, the report file and `onReport` at its end. */
import type { RunReport } from '../api.ts'
import { EXIT } from '../errors.ts'
import type { RunState } from '../executors/run-state.ts'
import type { RunOptions } from '../options.ts'
import { type SummaryInput, checkReports, metricsData } from '../summary/data.ts'
import { progressOf } from '../vu/execution.ts'

/** What only the run itself knows. */
export type KnownOfRun = Pick<
  RunReport,
  | 'id'
  | 'script'
  | 'startedMs'
  | 'endedMs'
  | 'state'
  | 'exitCode'
  | 'error'
  | 'summaryText'
  | 'generator'
  | 'brokenChecks'
  | 'limit'
  | 'suspects'
>

export function runReport(
  known: KnownOfRun,
  input: SummaryInput,
  { scenarios, raw }: RunOptions,
  state: RunState,
): RunReport {
  const perScenario = scenarios.map((scenario, i) => ({
    name: scenario.name,
    executor: scenario.executor,
    progress: progressOf(state, i, scenario),
    vus: state.getOf(i, 'activeVus'),
    iterations: state.getOf(i, 'completed'),
  }))
  return {
    ...known,
    vus: state.get('activeVus'),
    vusMax: state.get('initializedVus'),
    iterations: state.get('completed'),
    progress: state.startMs === 0 ? null : Math.min(...perScenario.map((one) => one.progress)),
    thresholds: input.thresholds.flatMap(({ key, thresholds }) =>
      thresholds.map(({ source, ok, value }) => ({ metric: key, source, ok, value })),
    ),
    options: raw,
    metrics: Object.fromEntries(
      Object.entries(metricsData(input)).map(([name, { type, contains, values }]) => [
        name,
        { type, contains, values },
      ]),
    ),
    scenarios: perScenario,
    checks: checkReports(input.engine.root),
  }
}

/** The state of a run that is over. */
export function stateOf(exitCode: number): RunReport['state'] {
  if (exitCode === EXIT.ok) return 'passed'
  if (exitCode === EXIT.thresholdsFailed || exitCode === EXIT.markedFailed) return 'failed'
  return exitCode === EXIT.externalAbort || exitCode === EXIT.scriptAborted ? 'aborted' : 'error'
}
