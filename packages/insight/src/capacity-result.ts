/** What a search for the limit found: the curve, the class of the failure, and one sentence. */

/** VUs (players at once), or iterations started per second. */
export type LoadUnit = 'vus' | 'rate'

/** Why a window of a hold failed. `generator`: this machine gave out, not the target. */
export type FailureClass =
  | 'crash'
  | 'invariant'
  | 'errors'
  | 'timeouts'
  | 'drops'
  | 'latency'
  | 'generator'

export interface FailureReason {
  class: FailureClass
  /** What was wanted and what was seen: `http_req_duration p(95)<500: 812`. */
  text: string
}

/** One tested level of load. Times in ms, rates per second. */
export interface CapacityLevel {
  phase: 'baseline' | 'up' | 'bisect' | 'confirm'
  load: number
  /** Wall clock, ms since the epoch; null when the caller did not say. */
  startMs: number | null
  endMs: number | null
  /** What the generator meant to start, and what came back. */
  offered: number
  throughput: number
  p50: number
  p95: number
  p99: number
  /** 0..1 */
  errorRatio: number
  /** Share of the windows that count (the first quarter of a hold does not) that were fine, 0..1. */
  okShare: number
  verdict: 'pass' | 'fail'
  /** Class of most failed windows; null when all were fine. */
  failure: FailureClass | null
  /** Each different text once, the most frequent first. */
  reasons: string[]
}

export interface CapacityResult {
  unit: LoadUnit
  /**
   * `limit`: a largest sustainable and a failing load are known. `no-limit`: it passed at the maximum.
   * `generator`: this machine gave out first. `never`: it failed at the lowest load.
   * `stopped`: ended from outside or by the limit of probes.
   */
  outcome: 'limit' | 'no-limit' | 'generator' | 'never' | 'stopped'
  /** Largest load that held; null when none did. */
  maxSustainable: number | null
  /** Load of the soak that passed; null when none did. */
  confirmedAt: number | null
  /** Smallest load that failed, above `maxSustainable`; null when none did. */
  firstFailing: number | null
  failure: FailureClass | null
  /** Texts of the failure at `firstFailing`. */
  reasons: string[]
  /** Every level in the order tested. */
  curve: CapacityLevel[]
  /** What the reader should know beside the figures, one sentence each. */
  notes: string[]
  /** All of it in one sentence. */
  summary: string
}

/** The most telling first: decides when two classes failed equally many windows. */
const CLASSES: readonly FailureClass[] = [
  'crash',
  'invariant',
  'errors',
  'timeouts',
  'drops',
  'latency',
  'generator',
]

/** The class of most reasons (a crash or wrong data outweighs all), and its texts, most frequent first. */
export function failureOf(reasons: readonly FailureReason[]): {
  failure: FailureClass | null
  reasons: string[]
} {
  const classes = counted(reasons.map((reason) => reason.class))
  const failure =
    CLASSES.slice(0, 2).find((one) => classes.has(one)) ??
    CLASSES.toSorted((a, b) => (classes.get(b) ?? 0) - (classes.get(a) ?? 0))[0]!
  if (!classes.has(failure)) return { failure: null, reasons: [] }
  const own = counted(reasons.filter((one) => one.class === failure).map((one) => one.text))
  const texts = counted(reasons.map((one) => one.text))
  const rank = (text: string): number => (own.get(text) ?? 0) * reasons.length + texts.get(text)!
  return { failure, reasons: [...texts.keys()].toSorted((a, b) => rank(b) - rank(a)) }
}

function counted<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

const FAILURE_WORDS: Readonly<Record<FailureClass, string>> = {
  crash: 'the target crashed',
  invariant: 'its data was wrong',
  errors: 'errors',
  timeouts: 'timeouts',
  drops: 'iterations were dropped',
  latency: 'latency',
  generator: 'the generator gave out',
}

/** `412 VUs`, `95 iterations/s`. */
export function loadText(load: number, unit: LoadUnit): string {
  const number = load.toLocaleString('en-US', { maximumFractionDigits: load < 100 ? 1 : 0 })
  if (unit === 'rate') return `${number} iterations/s`
  return load === 1 ? '1 VU' : `${number} VUs`
}

export function capacitySummary(result: Omit<CapacityResult, 'summary'>): string {
  const { unit, outcome, maxSustainable, confirmedAt, firstFailing, failure, reasons } = result
  const why =
    failure === null
      ? ''
      : `${FAILURE_WORDS[failure]}${reasons.length === 0 ? '' : ` (${reasons[0]})`}`
  const held = maxSustainable === null ? 'nothing' : loadText(maxSustainable, unit)
  const soak =
    confirmedAt === null
      ? ''
      : confirmedAt === maxSustainable
        ? ', confirmed by a soak'
        : `, confirmed by a soak at ${loadText(confirmedAt, unit)}`
  switch (outcome) {
    case 'never':
      return `It fails already at ${loadText(firstFailing!, unit)}: ${why}.`
    case 'no-limit':
      return `No limit found up to ${held}${soak}.`
    case 'generator':
      return `The generator gave out first, at ${loadText(firstFailing!, unit)}: the target's limit is at least ${held}${soak}.`
    case 'stopped':
      return firstFailing === null
        ? `Stopped early: no limit found up to ${held}.`
        : `Stopped early: the limit is between ${held} and ${loadText(firstFailing, unit)}, where it failed: ${why}.`
    case 'limit':
      return `It sustains ${held}${soak}; at ${loadText(firstFailing!, unit)} it fails: ${why}.`
  }
}
