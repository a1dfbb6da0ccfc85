/** Runs one worker's share of all scenarios, each by its executor. */
import { runArrival } from './arrival.ts'
import { runControlledVus } from './controlled.ts'
import type { Crew } from './crew.ts'
import { runLooping } from './looping.ts'
import type { Share } from './plan.ts'
import { isArrival } from './scenario.ts'

/** Resolves when nothing runs any more. */
export async function runShares(crew: Crew, shares: readonly Share[]): Promise<void> {
  await Promise.all(
    shares.map(({ scenario: index, handles }) => {
      const scenario = crew.state.scenarios[index]!
      if (isArrival(scenario)) return runArrival(crew, index, handles.length)
      if (scenario.executor === 'controlled-vus') return runControlledVus(crew, index)
      return runLooping(crew, index, handles)
    }),
  )
}
