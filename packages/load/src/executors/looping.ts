/** Scenarios whose VUs loop: constant-vus, ramping-vus, shared-iterations, per-vu-iterations. */
import type { Crew } from './crew.ts'
import { type Interval, handleIntervals } from './plan.ts'
import { monotonicMs } from './run-state.ts'

/** Runs this worker's handles of a scenario; resolves when none of them runs any more. */
export async function runLooping(
  crew: Crew,
  index: number,
  handles: readonly number[],
): Promise<void> {
  const intervals = handleIntervals(crew.state.scenarios[index]!)
  await Promise.all(handles.map((handle) => runHandle(crew, index, intervals[handle]!)))
}

/**
 * One VU's place in the scenario. All of it in one function: what is suspended with a VU that waits is
 * memory of every VU.
 */
async function runHandle(crew: Crew, index: number, intervals: readonly Interval[]): Promise<void> {
  const { state } = crew
  const scenario = state.scenarios[index]!
  const originMs = state.startMs + scenario.startTimeMs
  const own = scenario.executor === 'per-vu-iterations' ? scenario.iterations : Infinity
  const shared = scenario.executor === 'shared-iterations' ? scenario.iterations : Infinity
  for (const [i, interval] of intervals.entries()) {
    await crew.until(originMs + interval.startMs)
    if (crew.isStopped) return
    const vu = await crew.take()
    vu.activate(index)
    // Ramped down and needed again before it has to be gone: it goes on.
    const next = intervals[i + 1]
    if (next === undefined || next.startMs > interval.killMs)
      crew.killAt(vu, originMs + interval.killMs)
    crew.enter(vu, index)
    const stopMs = originMs + interval.stopMs
    let done = 0
    while (done < own && !crew.isStopped && monotonicMs() < stopMs) {
      const number = state.addOf(index, 'started')
      if (number >= shared) break
      done++
      if ((await crew.iteration(vu, index, number)) === 'interrupted') break
      const turn = crew.breathe()
      if (turn !== undefined) await turn
    }
    if (own !== Infinity && !crew.isStopped) state.addOf(index, 'dropped', own - done)
    crew.leave(vu, index)
    crew.spare(vu)
    crew.give(vu)
  }
}
