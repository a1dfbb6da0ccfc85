/** What only ever grows while there is load: memory, file descriptors, the size of a map. */
import { lineOf } from '../statistics.ts'
import type { Frame } from './frame.ts'
import type { Verdict } from './judge.ts'
import type { Course, Span } from './series.ts'
import { samplesIn } from './series.ts'
import type { Signal } from './signals.ts'

const PARTS = 12
/** Growth over the run, relative to the start. */
const GROWTH = 0.3
/** Share of the parts in which it grew. */
const STEADY = 0.8
/** At rest a leak is slower than this share of its slope under load. */
const REST = 0.3

export function leak(signal: Signal, frame: Frame): Verdict | null {
  const { form, role, unit, course } = signal
  if (form !== 'gauge' && form !== 'ratio') return null
  if (role === 'left' || role === 'loop' || role === 'down' || unit === 's') return null
  const span = {
    startMs: Math.min(...frame.levels.map(({ startMs }) => startMs)),
    endMs: Math.max(...frame.levels.map(({ endMs }) => endMs)),
  }
  const floors = floorsOf(course, span)
  if (floors.length < PARTS / 2) return null
  const first = floors[0]!
  const last = floors.at(-1)!
  const growth = last - first
  if (!(growth > 0) || growth < GROWTH * Math.abs(first)) return null
  let rises = 0
  for (let i = 1; i < floors.length; i++) if (floors[i]! > floors[i - 1]!) rises++
  if (rises < STEADY * (floors.length - 1)) return null
  // What fills once and stays full, as a heap that warms up, is none.
  const late = floors.slice(Math.floor((floors.length * 2) / 3))
  if (late.at(-1)! - late[0]! < 0.18 * growth) return null
  if (isClockwork(course, span)) return null
  return {
    signal,
    kind: 'leak',
    weight: weightOf(signal, frame.isByLoad),
    departedAt: frame.positions[0]!,
    baseline: first,
    atBreak: last,
    predicted: null,
  }
}

/** Under ever more load, all kinds of things grow; under the same load, only a leak does. */
function weightOf({ role }: Signal, isByLoad: boolean): number {
  if (role === 'front') return 0.25
  // What holds the memory says more than the memory.
  return (isByLoad ? 0.4 : 0.95) * (role === 'queue' || role === 'runtime' ? 0.85 : 1)
}

/** Least value of each part of a span: memory that is collected falls back to it. */
function floorsOf(course: Course, { startMs, endMs }: Span): number[] {
  const size = (endMs - startMs) / PARTS
  return Array.from({ length: PARTS }, (_, i) =>
    samplesIn(course, { startMs: startMs + i * size, endMs: startMs + (i + 1) * size }),
  ).flatMap((values) => (values.length === 0 ? [] : [Math.min(...values)]))
}

/** Grows without load too, or by one a second. */
function isClockwork(course: Course, span: Span): boolean {
  const under = slopeOf(course, span)
  if (under.r2 > 0.999 && Math.abs(under.slope - 1) < 0.02) return true
  const startMs = course.t[0]!
  if (span.startMs - startMs < 3 * course.gapMs) return false
  const rest = slopeOf(course, { startMs, endMs: span.startMs })
  return rest.slope > REST * under.slope
}

/** Per second. */
function slopeOf(course: Course, { startMs, endMs }: Span): { slope: number; r2: number } {
  const x: number[] = []
  const y: number[] = []
  for (let i = 0; i < course.t.length; i++) {
    if (course.t[i]! < startMs || course.t[i]! > endMs) continue
    x.push((course.t[i]! - startMs) / 1000)
    y.push(course.v[i]!)
  }
  return lineOf(x, y)
}
