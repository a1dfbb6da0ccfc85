/**
 * Labels: the identity of a series, an immutable set of name/value pairs sorted by name.
 *
 * Held as one flat array `[name0, value0, name1, value1, …]`, so that a label set costs one object
 * and one array whatever its size. A label with an empty value is the same as no label and is
 * never stored. The metric name is the label `__name__`.
 */

export const METRIC_NAME = '__name__'

export class Labels {
  // `this`: TypeScript 7.0 emits an alias of the class name here that is set too late.
  static readonly EMPTY: Labels = new this([])

  /** Flat `[name, value, …]`, sorted by name, no empty values. Not to be modified. */
  readonly pairs: readonly string[]
  #key: string | undefined

  private constructor(pairs: readonly string[]) {
    this.pairs = pairs
  }

  /** Takes `pairs` over: flat, already sorted by `compareNames`, no duplicates, no empty values. */
  static fromSorted(pairs: readonly string[]): Labels {
    return pairs.length === 0 ? Labels.EMPTY : new Labels(pairs)
  }

  /** From flat pairs in any order. Later duplicates win; empty values are dropped. */
  static fromPairs(pairs: readonly string[]): Labels {
    const byName = new Map<string, string>()
    for (let i = 0; i < pairs.length; i += 2) byName.set(pairs[i], pairs[i + 1])
    return Labels.fromMap(byName)
  }

  static fromMap(byName: ReadonlyMap<string, string>): Labels {
    const names: string[] = []
    for (const [name, value] of byName) if (value !== '') names.push(name)
    names.sort(compareNames)
    const pairs: string[] = []
    for (const name of names) pairs.push(name, byName.get(name)!)
    return Labels.fromSorted(pairs)
  }

  static fromObject(object: Readonly<Record<string, string>>): Labels {
    return Labels.fromMap(new Map(Object.entries(object)))
  }

  /** Number of labels. */
  get size(): number {
    return this.pairs.length / 2
  }

  /** The value of `name`, '' when absent (in Prometheus the two are the same). */
  get(name: string): string {
    const { pairs } = this
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1]
    return ''
  }

  has(name: string): boolean {
    return this.get(name) !== ''
  }

  get metricName(): string {
    return this.get(METRIC_NAME)
  }

  /** The same labels with `name` set to `value`; an empty value removes it. */
  with(name: string, value: string): Labels {
    const { pairs } = this
    const out: string[] = []
    let isPlaced = value === ''
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] === name) continue
      if (!isPlaced && compareNames(name, pairs[i]) < 0) {
        out.push(name, value)
        isPlaced = true
      }
      out.push(pairs[i], pairs[i + 1])
    }
    if (!isPlaced) out.push(name, value)
    return Labels.fromSorted(out)
  }

  without(name: string): Labels {
    return this.has(name) ? this.with(name, '') : this
  }

  /** Only the labels whose name is in `names`. */
  keep(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => names.has(name))
  }

  /** All but the labels whose name is in `names`. */
  drop(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => !names.has(name))
  }

  #filter(isKept: (name: string) => boolean): Labels {
    const { pairs } = this
    const out: string[] = []
    for (let i = 0; i < pairs.length; i += 2) if (isKept(pairs[i])) out.push(pairs[i], pairs[i + 1])
    return out.length === pairs.length ? this : Labels.fromSorted(out)
  }

  /** A string equal for equal label sets and for no others: a key for Map and Set. */
  get key(): string {
    return (this.#key ??= this.pairs.join('\xff'))
  }

  equals(other: Labels): boolean {
    return this === other || this.key === other.key
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.pairs.length; i += 2) yield [this.pairs[i], this.pairs[i + 1]]
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this)
  }

  /** Prometheus's notation, `metric{a="b"}`; names outside the classic set are quoted. */
  toString(): string {
    const name = this.metricName
    const isBare = isLegacyMetricName(name)
    const parts: string[] = []
    if (name !== '' && !isBare) parts.push(quote(name))
    for (const [label, value] of this) {
      if (label === METRIC_NAME) continue
      parts.push(`${isLegacyLabelName(label) ? label : quote(label)}=${quote(value)}`)
    }
    if (name !== '' && isBare) return parts.length === 0 ? name : `${name}{${parts.join(', ')}}`
    return `{${parts.join(', ')}}`
  }
}

/** Order of label names, and of whole label sets: by UTF-8 bytes, as in Go. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const ca = a.charCodeAt(i)
    const cb = b.charCodeAt(i)
    if (ca === cb) continue
    // UTF-16 orders surrogates below U+E000..U+FFFF, UTF-8 above.
    if (ca >= 0xd800 && cb >= 0xd800) return utf8Rank(ca) - utf8Rank(cb)
    return ca - cb
  }
  return a.length - b.length
}

const utf8Rank = (unit: number): number => (unit < 0xe000 ? unit + 0x10000 : unit)

/** Prometheus's order of series: label by label, name before value, shorter set first. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.pairs.length, b.pairs.length)
  for (let i = 0; i < length; i++) {
    const order = compareNames(a.pairs[i], b.pairs[i])
    if (order !== 0) return order
  }
  return a.pairs.length - b.pairs.length
}

export const isLegacyMetricName = (name: string): boolean => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)
export const isLegacyLabelName = (name: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)

/** A Go-style double-quoted string (strconv.Quote). */
export function quote(text: string): string {
  let out = '"'
  for (const char of text) {
    const code = char.codePointAt(0)!
    if (char === '"' || char === '\\') out += '\\' + char
    else if (code >= 0x20 && code < 0x7f) out += char
    else if (CONTROL_ESCAPES.has(char)) out += CONTROL_ESCAPES.get(char)
    else if (code < 0x20 || code === 0x7f) out += '\\x' + code.toString(16).padStart(2, '0')
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char)) out += char
    else if (code > 0xffff) out += '\\U' + code.toString(16).padStart(8, '0')
    else out += '\\u' + code.toString(16).padStart(4, '0')
  }
  return out + '"'
}

const CONTROL_ESCAPES = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
])
