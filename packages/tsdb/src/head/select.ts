/**
 * From matchers to series. The shortest list of series that some matcher gives is taken, and every
 * series in it is tested against the other matchers by the symbols of its labels: a regular
 * expression is evaluated at most once per label value.
 */
import { type LabelQuery, type Matcher, compareNames } from '@vigie/model'
import { covers } from '../block/tombstones.ts'
import type { Head } from './head.ts'
import * as series from './series-table.ts'

/** A matcher with its name as a symbol and the values it was asked about. */
class SymbolMatcher {
  readonly matcher: Matcher
  readonly name: number
  readonly matchesEmpty: boolean
  readonly #head: Head
  // The symbol to equal, for `=` alone: 0 when no series has it.
  readonly equal: number | undefined
  readonly #byValue = new Map<number, boolean>()

  constructor(head: Head, matcher: Matcher) {
    this.#head = head
    this.matcher = matcher
    this.name = head.symbols.find(matcher.name)
    this.matchesEmpty = matcher.matchesEmpty
    if (matcher.type === '=' && matcher.value !== '') this.equal = head.symbols.find(matcher.value)
  }

  /** Whether a value symbol matches; 0 is the missing label. */
  test(value: number): boolean {
    if (this.equal !== undefined) return this.equal === value && value !== 0
    if (value === 0) return this.matchesEmpty
    let isMatch = this.#byValue.get(value)
    if (isMatch === undefined) {
      isMatch = this.matcher.matches(this.#head.symbols.text(value))
      this.#byValue.set(value, isMatch)
    }
    return isMatch
  }

  /** How many series it lets through; never for one that matches ''. */
  count(): number {
    const { postings } = this.#head
    let sum = 0
    for (const value of postings.valuesOf(this.name))
      if (this.test(value)) sum += postings.countOf(this.name, value)
    return sum
  }

  /** The series it lets through, when it can be said without looking at each; never for one that matches ''. */
  list(): Uint32Array {
    const { postings } = this.#head
    if (this.equal !== undefined) return postings.pair(this.name, this.equal)
    const lists: Uint32Array[] = []
    for (const value of postings.valuesOf(this.name))
      if (this.test(value)) lists.push(postings.pair(this.name, value))
    return union(lists)
  }
}

/** Slots of the series that match and may have samples in [minT, maxT], in no order. */
export function selectSlots(
  head: Head,
  matchers: readonly Matcher[],
  minT: number,
  maxT: number,
): Uint32Array {
  // Fast path: it all is in blocks.
  if (maxT < Math.max(head.minT, head.minValidT) && head.outOfOrder.isEmpty)
    return new Uint32Array(0)
  const tests = matchers.map((matcher) => new SymbolMatcher(head, matcher))
  const start = shortest(head, tests)
  const others = tests.filter((test) => test !== start)
  const candidates = start === undefined ? head.postings.all() : start.list()
  const out = new Uint32Array(candidates.length)
  let count = 0
  for (const slot of candidates)
    if (isMatch(head, slot, others) && mayHaveSamples(head, slot, minT, maxT)) out[count++] = slot
  return out.slice(0, count)
}

/** Evaluating a matcher on a label value costs about as much as testing this many series. */
const SERIES_PER_VALUE = 4

/** The matcher to start from: of those that want their label the one with fewest series; undefined: all series. */
function shortest(head: Head, tests: readonly SymbolMatcher[]): SymbolMatcher | undefined {
  let best: SymbolMatcher | undefined
  let bestCount = head.postings.all().length
  const consider = (test: SymbolMatcher, count: number): void => {
    if (best !== undefined && count >= bestCount) return
    best = test
    bestCount = count
  }
  for (const test of tests)
    if (test.equal !== undefined) consider(test, head.postings.countOf(test.name, test.equal))
  for (const test of tests) {
    if (test.equal !== undefined || test.matchesEmpty) continue
    if (head.postings.valueCountOf(test.name) * SERIES_PER_VALUE < bestCount)
      consider(test, test.count())
  }
  return best
}

function isMatch(head: Head, slot: number, tests: readonly SymbolMatcher[]): boolean {
  if (tests.length === 0) return true
  const handle = head.labelsHandle(slot)
  for (const test of tests) if (!test.test(head.labelSets.valueOf(handle, test.name))) return false
  return true
}

function mayHaveSamples(head: Head, slot: number, minT: number, maxT: number): boolean {
  return hasSamples(head, slot, minT, maxT) && !isDeleted(head, slot, minT, maxT)
}

function hasSamples(head: Head, slot: number, minT: number, maxT: number): boolean {
  const lastT = head.lastT(slot)
  // Fast path: the newest sample itself lies within.
  if (lastT >= Math.max(minT, head.minValidT) && lastT <= maxT) return true
  const late = head.outOfOrder.boundsOf(slot)
  if (late !== undefined && late.minT <= maxT && late.maxT >= minT) return true
  return lastT >= Math.max(minT, head.minValidT) && startsBefore(head, slot, minT, maxT)
}

/** Whether all that a series has in [minT, maxT] is deleted. */
function isDeleted(head: Head, slot: number, minT: number, maxT: number): boolean {
  const deleted = head.tombstones.get(slot)
  if (deleted === undefined) return false
  const bounds = head.boundsOf(slot)
  return covers(deleted, Math.max(minT, bounds.minT), Math.min(maxT, bounds.maxT))
}

/** Whether a chunk of the series overlaps [minT, maxT], given that its newest sample is later. */
function startsBefore(head: Head, slot: number, minT: number, maxT: number): boolean {
  if (head.openMinT(slot) <= maxT) return true
  // Fast path: nothing at all is that old.
  if (maxT < head.minT) return false
  const { chunks, reader } = head
  let link = head.table.page(slot).u32[series.word(slot) + series.CLOSED]
  while (reader.seek(chunks.places, link)) {
    if (reader.minT <= maxT) return reader.maxT >= minT
    link = reader.previous
  }
  return false
}

function union(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 1) return lists[0]
  const out = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0))
  let length = 0
  // A series has one value per name, so that no slot comes twice.
  for (const list of lists) {
    out.set(list, length)
    length += list.length
  }
  return out
}

/** Sorted label names of the series that a query is about. */
export function labelNames(head: Head, query: LabelQuery): string[] {
  const names = new Set<number>()
  if (query.matchers.length === 0 && coversHead(head, query)) {
    for (const name of head.postings.names()) names.add(name)
  } else {
    forEachSeries(head, query, (handle) => {
      const count = head.labelSets.countOf(handle)
      for (let i = 0; i < count; i++) names.add(head.labelSets.name(handle, i))
    })
  }
  return sortedTexts(head, names)
}

/** Sorted values of one label of the series that a query is about. */
export function labelValues(head: Head, name: string, query: LabelQuery): string[] {
  const symbol = head.symbols.find(name)
  if (symbol === 0) return []
  const values = new Set<number>()
  if (query.matchers.length === 0 && coversHead(head, query)) {
    for (const value of head.postings.valuesOf(symbol)) values.add(value)
  } else {
    forEachSeries(head, query, (handle) => {
      const value = head.labelSets.valueOf(handle, symbol)
      if (value !== 0) values.add(value)
    })
  }
  return sortedTexts(head, values)
}

/** Every series is about: none ended before, none can have started after, none is deleted. */
const coversHead = (head: Head, query: LabelQuery): boolean =>
  query.minT <= Math.max(head.minT, head.minValidT) &&
  query.maxT >= head.maxT &&
  head.outOfOrder.isEmpty &&
  head.tombstones.size === 0

function forEachSeries(head: Head, query: LabelQuery, visit: (labels: number) => void): void {
  const alternatives = query.matchers.length === 0 ? [[]] : query.matchers
  for (const matchers of alternatives)
    for (const slot of selectSlots(head, matchers, query.minT, query.maxT))
      visit(head.labelsHandle(slot))
}

const sortedTexts = (head: Head, symbols: Iterable<number>): string[] =>
  [...symbols].map((symbol) => head.symbols.text(symbol)).sort(compareNames)
