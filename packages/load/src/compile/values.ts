/**
 * Values and cells of the points-to analysis: what an expression, a variable or a property may hold.
 * Cells only grow, and hand on what they get.
 */
import type { Node } from './ast.ts'
import type { ParsedModule } from './graph.ts'

/** A function of the script. */
export interface FunctionValue {
  kind: 'function'
  module: ParsedModule
  node: Node
  props: Shape
}

/** An object, array, class or instance made somewhere in the script, or what an unknown call gave back. */
export interface ObjectValue {
  kind: 'object'
  props: Shape
  /** What `new` of a class gives, and its constructor. */
  instance?: ObjectValue
  construct?: Cell
}

/** Something the engine provides: `k6/http.get`, `global.Promise.all`, `response`. */
export interface BuiltinValue {
  kind: 'builtin'
  path: string
}

export type Value = FunctionValue | ObjectValue | BuiltinValue

/** Steps of one analysis; a script that needs more is refused rather than waited for. */
const MAX_STEPS = 50_000_000

/** What is left to do: a value that a listener has not heard yet. */
export class Work {
  readonly #queue: (() => void)[] = []
  #steps = 0

  push(step: () => void): void {
    this.#queue.push(step)
  }

  /** Works until nothing is left. False: the script is too large. */
  drain(): boolean {
    for (let step = this.#queue.pop(); step !== undefined; step = this.#queue.pop()) {
      if (++this.#steps > MAX_STEPS) return false
      step()
    }
    return true
  }
}

/** A set of values that grows; whoever listens hears each value once. */
export class Cell {
  readonly values: Set<Value> = new Set()
  readonly #work: Work
  readonly #listeners: ((value: Value) => void)[] = []
  readonly #targets = new Set<Cell>()

  constructor(work: Work) {
    this.#work = work
  }

  add(value: Value): void {
    if (this.values.has(value)) return
    this.values.add(value)
    for (const listener of this.#listeners) this.#work.push(() => listener(value))
  }

  listen(listener: (value: Value) => void): void {
    this.#listeners.push(listener)
    for (const value of this.values) this.#work.push(() => listener(value))
  }

  flowTo(target: Cell): void {
    if (target === this || this.#targets.has(target)) return
    this.#targets.add(target)
    this.listen((value) => target.add(value))
  }
}

/** Properties of an object: by name where it is known, otherwise in `star`, which every name may be. */
export class Shape {
  readonly star: Cell
  /** Stored by defineProperty under a name that is not known: every name may be it, a built-in method's too. */
  readonly defined: Cell
  readonly #named = new Map<string, Cell>()
  readonly #all: Cell
  readonly #work: Work

  constructor(work: Work) {
    this.#work = work
    this.star = new Cell(work)
    this.#all = new Cell(work)
    this.defined = new Cell(work)
    this.star.flowTo(this.#all)
    this.defined.flowTo(this.#all)
  }

  get(name: string | undefined): Cell {
    if (name === undefined) return this.#all
    let cell = this.#named.get(name)
    if (cell === undefined) {
      cell = new Cell(this.#work)
      this.#named.set(name, cell)
      // What an array holds is not among the methods that every array has.
      if (!BUILTIN_METHODS.has(name)) this.star.flowTo(cell)
      this.defined.flowTo(cell)
      cell.flowTo(this.#all)
    }
    return cell
  }

  /** Where a write to `name` goes. */
  put(name: string | undefined): Cell {
    return name === undefined ? this.star : this.get(name)
  }

  /** Reads that find nothing here go on in `base`. */
  inherit(base: Shape): void {
    if (base === this || this.#bases.has(base)) return
    this.#bases.add(base)
    base.#all.flowTo(this.#all)
    for (const name of this.#linked) base.read(name).flowTo(this.get(name))
  }

  /** The cell of `name` with everything inherited. */
  read(name: string | undefined): Cell {
    const cell = this.get(name)
    if (name === undefined || this.#linked.has(name)) return cell
    this.#linked.add(name)
    for (const base of this.#bases) base.read(name).flowTo(cell)
    return cell
  }

  readonly #bases = new Set<Shape>()
  readonly #linked = new Set<string>()
}

/** Array-like methods with a helper that waits for each callback before the next. */
export const HELPED_METHODS: ReadonlySet<string> = new Set([
  'forEach',
  'map',
  'filter',
  'reduce',
  'reduceRight',
  'some',
  'every',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
  'flatMap',
  // Of a Selection of k6/html.
  'each',
])

/** Methods of the language's own objects through which functions of the script can pass. */
export const BUILTIN_METHODS: ReadonlySet<string> = new Set([
  ...HELPED_METHODS,
  'flat',
  'concat',
  'slice',
  'splice',
  'push',
  'pop',
  'shift',
  'unshift',
  'reverse',
  'fill',
  'sort',
  'toSorted',
  'toReversed',
  'toSpliced',
  'with',
  'at',
  'values',
  'entries',
  'keys',
  'set',
  'get',
  'add',
  'delete',
  'has',
  'then',
  'catch',
  'finally',
  'next',
  'replace',
  'replaceAll',
  'from',
  'of',
  'assign',
  'create',
  'fromEntries',
  'freeze',
  'defineProperty',
  'all',
  'allSettled',
  'race',
  'any',
  'resolve',
  'parse',
  'stringify',
  'includes',
  'indexOf',
  'join',
  'toString',
  'clear',
  'copyWithin',
  'isArray',
])
