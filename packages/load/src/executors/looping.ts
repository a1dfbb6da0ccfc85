/** Scenarios whose VUs loop: constant-vus, ramping-vus, shared-iterations, per-vu-iterations. */
import type { Crew } from './crew.ts'
import { type Interval, handleIntervals } from './plan.ts'
import type { Player } from './player.ts'
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

async function runHandle(crew: Crew, index: number, intervals: readonly Interval[]): Promise<void> {
  const originMs = crew.state.startMs + crew.state.scenarios[index]!.startTimeMs
  for (const [i, interval] of intervals.entries()) {
    await crew.until(originMs + interval.startMs)
    if (crew.isStopped) return
    const vu = await crew.take()
    const next = intervals[i + 1]
    // Ramped down and needed again before it has to be gone: it goes on.
    const isWantedAgain = next !== undefined && next.startMs <= interval.killMs
    const killMs = isWantedAgain ? null : originMs + interval.killMs
    await runVu(crew, vu, index, originMs + interval.stopMs, killMs)
    crew.give(vu)
  }
}

async function runVu(
  crew: Crew,
  vu: Player,
  index: number,
  stopMs: number,
  killMs: number | null,
): Promise<void> {
  vu.activate(index)
  const killer =
    killMs === null
      ? null
      : setTimeout(() => crew.interrupt(vu), Math.max(0, killMs - monotonicMs()))
  crew.enter(vu, index)
  await iterate(crew, vu, index, stopMs)
  crew.leave(vu, index)
  if (killer !== null) clearTimeout(killer)
}

async function iterate(crew: Crew, vu: Player, index: number, stopMs: number): Promise<void> {
  const scenario = crew.state.scenarios[index]!
  const own = scenario.executor === 'per-vu-iterations' ? scenario.iterations : Infinity
  let done = 0
  while (done < own && !crew.isStopped && monotonicMs() < stopMs) {
    const number = crew.state.addOf(index, 'started')
    if (scenario.executor === 'shared-iterations' && number >= scenario.iterations) return
    done++
    if ((await crew.iteration(vu, index, number)) === 'interrupted') break
    await crew.breathe()
  }
  if (scenario.executor === 'per-vu-iterations' && !crew.isStopped)
    crew.state.addOf(index, 'dropped', own - done)
}
