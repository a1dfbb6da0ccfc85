/**
 * `executionSegment` and `executionSegmentSequence`: which part of the test this generator runs.
 *
 *   segment   "0:1/4", "25%:0.5", "1/3" (from 0), "auto" (from the index of a Kubernetes Indexed Job)
 *   sequence  "0,1/4,1/2,3/4,1": where all segments begin and end
 */
import { EXIT, LoadError } from '../errors.ts'
import { plannedVusOf } from './plan.ts'
import type { Scenario } from './scenario.ts'
import { type Segmentation, reduced, resegment, scaled, stripesOf } from './stripes.ts'

/** Parts that the segments may be counted in: the work of striping, and numbers that stay exact. */
const MAX_PARTS = 1_000_000

/** Variables by which a pod of an Indexed Job knows its part; the first is set by Kubernetes, the other by `--emit kubernetes`. */
export const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX'
export const COUNT_VARIABLE = 'VIGIE_LOAD_PARALLELISM'

interface Fraction {
  numerator: number
  denominator: number
}

const ZERO: Fraction = { numerator: 0, denominator: 1 }
const ONE: Fraction = { numerator: 1, denominator: 1 }

/** What the two options say; null: the whole test. Throws LoadError for what is no segment. */
export function readSegmentation(
  segment: string | undefined,
  sequence: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Segmentation | null {
  if (segment === 'auto') return fromIndex(env, sequence)
  if (!segment && !sequence) return null
  const [from, to] = readSegment(segment || '1')
  const points = filled(sequence ? readPoints(sequence) : [from, to])
  const index = points.findIndex((point, i) => i + 1 < points.length && isSame(point, from))
  if (index < 0 || !isSame(points[index + 1]!, to)) {
    throw invalid(
      `the execution segment ${segment} is not in the sequence ${points.map(show).join(',')}: want one that begins and ends at neighbours in it`,
    )
  }
  return segmentationOf(points, index)
}

/** Part `index` of `count` equal ones. */
export function equalPart(index: number, count: number): Segmentation {
  return { parts: Array.from({ length: count }, () => 1), index }
}

function fromIndex(
  env: Readonly<Record<string, string | undefined>>,
  sequence: string | undefined,
): Segmentation {
  if (sequence)
    throw invalid('--execution-segment=auto makes its own sequence; leave the sequence out')
  const index = Number(env[INDEX_VARIABLE] ?? NaN)
  const count = Number(env[COUNT_VARIABLE] ?? NaN)
  if (!Number.isInteger(index) || !Number.isInteger(count) || index < 0 || index >= count) {
    throw invalid(
      `--execution-segment=auto needs ${INDEX_VARIABLE} (from 0) and ${COUNT_VARIABLE}, as a Kubernetes Indexed Job of "vigie load --emit kubernetes" has them; got ${String(env[INDEX_VARIABLE])} and ${String(env[COUNT_VARIABLE])}`,
    )
  }
  return equalPart(index, count)
}

function readSegment(text: string): [Fraction, Fraction] {
  const colon = text.indexOf(':')
  const from = colon < 0 ? ZERO : readFraction(text.slice(0, colon))
  const to = readFraction(text.slice(colon + 1))
  if (compare(from, to) >= 0 || compare(to, ONE) > 0)
    throw invalid(`invalid execution segment "${text}": want 0 <= from < to <= 1, as in 1/4:1/2`)
  return [from, to]
}

function readPoints(text: string): Fraction[] {
  const points = text.split(',').map((one) => readFraction(one.trim()))
  const isRising = points.every((one, i) => i === 0 || compare(points[i - 1]!, one) < 0)
  if (points.length < 2 || !isRising || compare(points.at(-1)!, ONE) > 0) {
    throw invalid(
      `invalid execution segment sequence "${text}": want rising points from 0 to 1, as in 0,1/4,1/2,1`,
    )
  }
  return points
}

function readFraction(text: string): Fraction {
  const percent = /^(\d+)%$/.exec(text)
  if (percent !== null) return fraction(Number(percent[1]), 100)
  const ratio = /^(\d+)\/(\d+)$/.exec(text)
  if (ratio !== null && Number(ratio[2]) > 0) return fraction(Number(ratio[1]), Number(ratio[2]))
  const decimal = /^(\d*)(?:\.(\d{0,6}))?$/.exec(text)
  if (decimal === null || text === '' || text === '.')
    throw invalid(`"${text}" is no part of a test: want a percentage, a decimal or a fraction`)
  const digits = decimal[2] ?? ''
  return fraction(Number(`${decimal[1]}${digits}`), 10 ** digits.length)
}

function fraction(numerator: number, denominator: number): Fraction {
  const [n, d] = numerator === 0 ? [0, 1] : (reduced([numerator, denominator]) as [number, number])
  return { numerator: n, denominator: d }
}

/** Segments before the first point and after the last. */
function filled(points: readonly Fraction[]): Fraction[] {
  return [
    ...(isSame(points[0]!, ZERO) ? [] : [ZERO]),
    ...points,
    ...(isSame(points.at(-1)!, ONE) ? [] : [ONE]),
  ]
}

function segmentationOf(points: readonly Fraction[], index: number): Segmentation {
  const denominator = points.reduce((all, one) => leastCommon(all, one.denominator), 1)
  if (denominator > MAX_PARTS)
    throw invalid(`the execution segments need ${denominator} parts; want at most ${MAX_PARTS}`)
  const whole = points.map((one) => (one.numerator * denominator) / one.denominator)
  return { parts: reduced(whole.slice(1).map((end, i) => end - whole[i]!)), index }
}

function leastCommon(a: number, b: number): number {
  return a * reduced([a, b])[1]!
}

function compare(a: Fraction, b: Fraction): number {
  return a.numerator * b.denominator - b.numerator * a.denominator
}

function isSame(a: Fraction, b: Fraction): boolean {
  return compare(a, b) === 0
}

function show({ numerator, denominator }: Fraction): string {
  return denominator === 1 ? String(numerator) : `${numerator}/${denominator}`
}

function invalid(message: string): LoadError {
  return new LoadError(EXIT.other, message)
}

export interface SegmentedScenarios {
  scenarios: Scenario[]
  /** Names of those that have no VU or iteration in this segment, and are left out. */
  idle: string[]
}

/** The part of each scenario that a segment runs. */
export function segmentScenarios(
  scenarios: readonly Scenario[],
  segmentation: Segmentation,
): SegmentedScenarios {
  const parts = scenarios.map((scenario) => segmentScenario(scenario, segmentation))
  return {
    scenarios: parts.filter((part) => part !== null),
    idle: scenarios.filter((_, i) => parts[i] === null).map(({ name }) => name),
  }
}

function segmentScenario(scenario: Scenario, segmentation: Segmentation): Scenario | null {
  const vuStripes = stripesOf(segmentation)
  const base = { vuStripes, stripes: vuStripes }
  switch (scenario.executor) {
    case 'constant-vus':
    case 'per-vu-iterations':
      return busy({ ...scenario, ...base, vus: scaled(vuStripes, scenario.vus) })
    case 'ramping-vus':
      return busy({ ...scenario, ...base })
    case 'shared-iterations': {
      // Iterations follow the VUs: whoever has more of them takes more.
      const shared = resegment(segmentation, scenario.vus)
      if (shared === null) return null
      const stripes = stripesOf(shared)
      const iterations = scaled(stripes, scenario.iterations)
      if (iterations === 0) return null
      return { ...scenario, ...base, stripes, vus: scaled(vuStripes, scenario.vus), iterations }
    }
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate': {
      const shared = resegment(segmentation, scenario.maxVUs)
      if (shared === null) return null
      const preAllocatedVUs = scaled(vuStripes, scenario.preAllocatedVUs)
      const maxVUs = scaled(vuStripes, scenario.maxVUs)
      return { ...scenario, ...base, stripes: stripesOf(shared), preAllocatedVUs, maxVUs }
    }
    case 'controlled-vus':
    case 'controlled-rate':
      return scenario
  }
}

function busy(scenario: Scenario): Scenario | null {
  return plannedVusOf(scenario) > 0 ? scenario : null
}
