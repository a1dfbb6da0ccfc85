/**
 * Arithmetic and comparison between two instant vectors.
 *
 * Series are grouped by signature once; within a group, the pairs of series that meet are computed
 * over all steps. What is not allowed (two series on the "one" side, two matches of it) is only
 * wrong at a step where both series are present.
 */
import { type Histogram, type Labels, compareLabels } from '@vigie/model'
import { type ArithmeticOp, type BinaryExpr, isComparison } from '../syntax/ast.ts'
import { type Evaluation, collect, emitAll } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { type Note, elementOperation } from './histogram-operators.ts'
import { ARITHMETIC, COMPARISONS } from './numbers.ts'
import { executionError } from './query-error.ts'
import { Columns, type Row, type Sink, isEmptyRow, newRow, withoutMetadata } from './row.ts'
import { signatureOf } from './signature.ts'

interface Group {
  /** Rows of the "many" side (the left one where both are "one"). */
  many: number[]
  one: number[]
}

export async function matchVectors(
  ev: Evaluation,
  expr: BinaryExpr,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const { context } = ev
  const before = context.held
  const left = await collect(ev, expr.lhs, grid)
  const right = await collect(ev, expr.rhs, grid)
  const match = new Match(ev, expr, left, right)
  const merged = new Columns(grid.count, context.cellsMax)
  const row = newRow(grid.count)
  const groups = [...(await match.groups())]
  match.checkOneSide(groups)
  for (const group of groups) {
    if (match.isLost) break
    match.compute(group, row, (out) => merged.merge(out))
    const wait = context.tick()
    if (wait !== undefined) await wait
  }
  match.finish()
  context.release(before, merged.sampleCount)
  await emitAll(merged, sink, context)
}

class Match {
  readonly #ev: Evaluation
  readonly #expr: BinaryExpr
  /** True when the right side is the "many" one. */
  readonly #isSwapped: boolean
  readonly #many: Columns
  readonly #one: Columns
  readonly #steps: number
  /** Steps at which neither side is empty as a whole: elsewhere nothing can be wrong. */
  readonly #isLive: Uint8Array
  readonly #fillMany: number | undefined
  readonly #fillOne: number | undefined
  readonly #compute: (left: number, right: number) => number
  readonly #keeps: ((left: number, right: number) => boolean) | undefined
  readonly #isOneToOne: boolean
  /** Steps at which a series of the many side was matched in this group. */
  readonly #matched: Uint8Array
  /** The same for the current row alone. What is left out by a comparison counts. */
  readonly #met: Uint8Array
  /** By step, what is said of the last series: Prometheus keeps no more. */
  readonly #notes: { note: Note; series: number }[] = []
  /** The row of the many side that is being computed. */
  #series = 0
  #failedAt = Infinity
  #failure: Error | undefined

  constructor(ev: Evaluation, expr: BinaryExpr, left: Columns, right: Columns) {
    this.#ev = ev
    this.#expr = expr
    const { op } = expr
    const { card, fillLeft, fillRight } = expr.matching!
    this.#isSwapped = card === 'one-to-many'
    this.#many = this.#isSwapped ? right : left
    this.#one = this.#isSwapped ? left : right
    // As in Prometheus, with group_right too: fill_left stands in on the "many" side.
    this.#fillMany = fillLeft
    this.#fillOne = fillRight
    this.#steps = left.steps
    this.#isOneToOne = card === 'one-to-one'
    this.#matched = new Uint8Array(this.#steps)
    this.#met = new Uint8Array(this.#steps)
    const [inMany, inOne] = [presence(this.#many), presence(this.#one)]
    const hasFill = this.#fillMany !== undefined || this.#fillOne !== undefined
    this.#isLive = inMany.map((here, i) => (hasFill ? here | inOne[i] : here & inOne[i]))
    this.#keeps = isComparison(op) ? COMPARISONS[op] : undefined
    this.#compute = isComparison(op) ? (a) => a : (ARITHMETIC[op as ArithmeticOp] ?? ((a) => a))
  }

  async groups(): Promise<Iterable<Group>> {
    const signature = signatureOf(this.#expr.matching!)
    const groups = new Map<string, Group>()
    const add = async (columns: Columns, side: 'many' | 'one'): Promise<void> => {
      for (const [i, labels] of columns.labels.entries()) {
        const key = signature(labels)
        let group = groups.get(key)
        if (group === undefined) groups.set(key, (group = { many: [], one: [] }))
        group[side].push(i)
        const wait = this.#ev.context.tick()
        if (wait !== undefined) await wait
      }
    }
    await add(this.#one, 'one')
    await add(this.#many, 'many')
    return groups.values()
  }

  /** Finds the first place where two series of the "one" side are present at the same step. */
  checkOneSide(groups: readonly Group[]): void {
    const steps = this.#steps
    const { has } = this.#one
    let found: { step: number; first: number; second: number } | undefined
    for (const { one } of groups) {
      if (one.length < 2) continue
      const stepMax = found?.step ?? steps - 1
      for (let step = 0; step <= stepMax; step++) {
        if (this.#isLive[step] === 0) continue
        const here = one.filter((index) => has[index * steps + step] === 1)
        if (here.length < 2) continue
        const [first, second] = here
        if (found === undefined || step < found.step || second < found.second)
          found = { step, first, second }
        break
      }
    }
    if (found !== undefined) this.#fail(found.step, this.#duplicates(found.first, found.second))
  }

  /** Prometheus goes step by step: what is wrong at the first one is said. */
  #fail(step: number, error: Error): void {
    if (step < this.#failedAt) {
      this.#failedAt = step
      this.#failure = error
    }
  }

  /** There is nothing left to find out. */
  get isLost(): boolean {
    return this.#failedAt === 0
  }

  #duplicates(first: number, second: number): Error {
    const found = this.#one.labels[second]
    const group = braced(this.#matchLabels(found))
    const side = this.#isSwapped ? 'left' : 'right'
    const both = [found, this.#one.labels[first]].toSorted(compareLabels)
    const pair = `[${both.map(braced).join(', ')}]`
    return executionError(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ${pair}` +
        ';many-to-many matching not allowed: matching labels must be unique on one side',
    )
  }

  compute(group: Group, row: Row, sink: Sink): void {
    const mayRepeat = !this.#isOneToOne && group.many.length > 1
    this.#matched.fill(0)
    // Labels of results at steps: a second one at the same step is an error.
    const results = new Map<string, Uint8Array>()
    for (const many of group.many) {
      this.#series = many
      for (const one of group.one) {
        this.#pair(many, one, row)
        if (!mayRepeat && isEmptyRow(row, this.#steps)) continue
        row.labels = this.#resultLabels(this.#many.labels[many], this.#one.labels[one])
        if (mayRepeat) this.#checkUnique(row.labels, results)
        this.#push(row, sink)
      }
      if (this.#fillOne === undefined) continue
      this.#fillOneSide(many, group.one, row, this.#fillOne)
      if (mayRepeat) this.#checkUnique(row.labels, results)
      this.#push(row, sink)
    }
    if (this.#fillMany === undefined) return
    this.#series = Infinity
    for (const one of group.one) {
      this.#fillManySide(one, row, this.#fillMany)
      this.#push(row, sink)
    }
  }

  /** Without the steps from which on all is lost. */
  #push(row: Row, sink: Sink): void {
    if (this.#failedAt < Infinity) row.has.fill(0, this.#failedAt)
    if (!isEmptyRow(row, this.#steps)) sink(row)
  }

  #say(step: number, note: Note): void {
    const known = this.#notes[step]
    if (known === undefined || known.series <= this.#series)
      this.#notes[step] = { note, series: this.#series }
  }

  /** Throws what is wrong; else says what there is to say. */
  finish(): void {
    if (this.#failure !== undefined) throw this.#failure
    for (const one of this.#notes) one?.note(this.#ev.context.annotations)
  }

  #pair(many: number, one: number, row: Row): void {
    const steps = this.#steps
    const [a, b] = [this.#many, this.#one]
    const [atA, atB] = [many * steps, one * steps]
    row.dropsName = this.#expr.returnsBool
    for (let i = 0; i < steps; i++) {
      row.has[i] = a.has[atA + i] & b.has[atB + i]
      this.#met[i] = row.has[i]
      if (row.has[i] === 0) continue
      this.#cell(a.v[atA + i], b.v[atB + i], row, i, a.h?.[atA + i], b.h?.[atB + i])
      this.#match(i)
    }
  }

  /** The one side may meet one series of the other at a step, unless that is said to be many. */
  #match(step: number): void {
    if (this.#met[step] === 0) return
    if (this.#isOneToOne && this.#matched[step] === 1) {
      this.#fail(step, executionError(MANY_TO_ONE))
      return
    }
    this.#matched[step] = 1
  }

  #cell(
    many: number,
    one: number,
    row: Row,
    step: number,
    manyH?: Histogram,
    oneH?: Histogram,
  ): void {
    if (manyH !== undefined || oneH !== undefined) {
      this.#histogramCell(manyH ?? many, oneH ?? one, row, step)
      return
    }
    if (row.h !== undefined) row.h[step] = undefined
    const left = this.#isSwapped ? one : many
    const right = this.#isSwapped ? many : one
    const { op, returnsBool } = this.#expr
    if (this.#keeps === undefined) {
      if (op === '</' || op === '>/') {
        // Only histograms can be trimmed.
        this.#say(step, (to) => to.incompatibleTypes('float', op, 'float', this.#expr))
        row.has[step] = 0
        this.#met[step] = 0
      } else {
        row.v[step] = this.#compute(left, right)
      }
      return
    }
    const keeps = this.#keeps(left, right)
    if (returnsBool) row.v[step] = keeps ? 1 : 0
    else if (keeps) row.v[step] = left
    else row.has[step] = 0
  }

  #histogramCell(many: number | Histogram, one: number | Histogram, row: Row, step: number): void {
    const left = this.#isSwapped ? one : many
    const right = this.#isSwapped ? many : one
    let result: number | Histogram | boolean | undefined = elementOperation(
      (note) => this.#say(step, note),
      this.#expr,
      left,
      right,
    )
    if (result === undefined) this.#met[step] = 0
    if (typeof result === 'boolean') {
      if (this.#expr.returnsBool) result = result ? 1 : 0
      else result = result ? left : undefined
    }
    if (row.h !== undefined) row.h[step] = undefined
    if (result === undefined) row.has[step] = 0
    else if (typeof result === 'number') row.v[step] = result
    else (row.h ??= [])[step] = result
  }

  /** A series of the many side at the steps where the one side has nothing, against `value`. */
  #fillOneSide(many: number, ones: readonly number[], row: Row, value: number): void {
    const steps = this.#steps
    const { v, h, has, labels } = this.#many
    for (let i = 0; i < steps; i++) {
      const cell = many * steps + i
      const isAlone = ones.every((one) => this.#one.has[one * steps + i] === 0)
      row.has[i] = isAlone ? has[cell] : 0
      this.#met[i] = row.has[i]
      if (row.has[i] === 0) continue
      this.#cell(v[cell], value, row, i, h?.[cell])
      this.#match(i)
    }
    row.labels = this.#resultLabels(labels[many], this.#matchLabels(labels[many]))
    row.dropsName = this.#expr.returnsBool
  }

  /** A series of the one side at the steps where nothing was matched, against `value`. */
  #fillManySide(one: number, row: Row, value: number): void {
    const steps = this.#steps
    const { v, h, has, labels } = this.#one
    for (let i = 0; i < steps; i++) {
      const cell = one * steps + i
      row.has[i] = this.#matched[i] === 1 ? 0 : has[cell]
      if (row.has[i] === 1) this.#cell(value, v[cell], row, i, undefined, h?.[cell])
    }
    row.labels = this.#resultLabels(this.#matchLabels(labels[one]), labels[one])
    row.dropsName = this.#expr.returnsBool
  }

  /** The labels that are matched by. */
  #matchLabels(labels: Labels): Labels {
    const { isOn, labels: names } = this.#expr.matching!
    return isOn ? labels.keep(new Set(names)) : labels.drop(new Set([...names, '__name__']))
  }

  #checkUnique(labels: Labels, results: Map<string, Uint8Array>): void {
    const seen = seenAt(results, labels, this.#steps)
    for (let i = 0; i < this.#steps; i++) {
      if (this.#met[i] === 0) continue
      if (seen[i] === 1) this.#fail(i, executionError(NOT_UNIQUE))
      seen[i] = 1
    }
  }

  #resultLabels(many: Labels, one: Labels): Labels {
    const { op, returnsBool, matching } = this.#expr
    const { card, isOn, labels, include } = matching!
    const drops =
      (isComparison(op) && returnsBool && !this.#ev.context.delaysNameRemoval) || op in ARITHMETIC
    let result = drops ? withoutMetadata(many) : many
    if (card === 'one-to-one') {
      const names = new Set(labels)
      result = isOn ? result.keep(names) : result.drop(names)
    }
    for (const name of include) result = result.with(name, one.get(name))
    return result
  }
}

const MANY_TO_ONE =
  'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
const NOT_UNIQUE = 'multiple matches for labels: grouping labels must ensure unique matches'

function seenAt(results: Map<string, Uint8Array>, labels: Labels, steps: number): Uint8Array {
  let seen = results.get(labels.key)
  if (seen === undefined) results.set(labels.key, (seen = new Uint8Array(steps)))
  return seen
}

/** At which steps any series has a sample. */
function presence({ has, steps, length }: Columns): Uint8Array {
  const out = new Uint8Array(steps)
  for (let i = 0; i < length * steps; i++) out[i % steps] |= has[i]
  return out
}

/** Labels in braces, the metric name among them, as in messages. */
const braced = (labels: Labels): string =>
  `{${Array.from(labels, ([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`
