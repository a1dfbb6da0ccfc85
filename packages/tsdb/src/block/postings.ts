/** Sets of series, as rising lists of their references; and the one that a selector matches. */
import type { Matcher } from '@vigie/model'
import type { IndexReader } from './index-reader.ts'

const NONE = new Uint32Array(0)

/** References of the series that satisfy all matchers, rising. */
export function matchingSeries(index: IndexReader, matchers: readonly Matcher[]): Uint32Array {
  const wanted: Uint32Array[] = []
  const unwanted: Uint32Array[] = []
  for (const matcher of matchers) {
    if (matcher.matchesEmpty) unwanted.push(seriesWith(index, matcher, false))
    else {
      const list = seriesWith(index, matcher, true)
      if (list.length === 0) return NONE
      wanted.push(list)
    }
  }
  if (wanted.length === 0) wanted.push(index.allPostings())
  wanted.sort((a, b) => a.length - b.length)
  let out = wanted[0]
  for (const list of wanted.slice(1)) out = intersection(out, list)
  for (const list of unwanted) out = difference(out, list)
  return out
}

/** Series that have the matcher's label with a value that it accepts, or with one that it does not. */
function seriesWith(index: IndexReader, matcher: Matcher, isAccepted: boolean): Uint32Array {
  const { table } = index
  const { type, name, value } = matcher
  const lists: Uint32Array[] = []
  const only = type === '!=' && !isAccepted ? [value] : isAccepted ? matcher.onlyValues : undefined
  if (only !== undefined) {
    for (const one of new Set(only)) {
      const at = one === '' ? undefined : table.find(name, one)
      if (at !== undefined) lists.push(index.postings(at))
    }
    return union(lists)
  }
  const prefix = isAccepted ? matcher.prefix : ''
  table.forEach(
    name,
    (one, at) => {
      if (matcher.matches(one) === isAccepted) lists.push(index.postings(at))
    },
    prefix,
  )
  return union(lists)
}

function intersection(a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = new Uint32Array(Math.min(a.length, b.length))
  let count = 0
  // A few against many are looked up, of two alike each is walked through.
  if (a.length * 32 < b.length) {
    let from = 0
    for (const ref of a) {
      from = lowerBound(b, ref, from)
      if (from < b.length && b[from] === ref) out[count++] = ref
    }
  } else
    for (let i = 0, j = 0; i < a.length && j < b.length;) {
      if (a[i] === b[j]) {
        out[count++] = a[i]
        i++
        j++
      } else if (a[i] < b[j]) i++
      else j++
    }
  return out.subarray(0, count)
}

function difference(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (b.length === 0) return a
  const out = new Uint32Array(a.length)
  let count = 0
  let j = 0
  for (const ref of a) {
    while (j < b.length && b[j] < ref) j++
    if (b[j] !== ref || j === b.length) out[count++] = ref
  }
  return out.subarray(0, count)
}

/** Of lists that may share series. */
export function union(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 0) return NONE
  if (lists.length === 1) return lists[0]
  const all = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0))
  let count = 0
  for (const list of lists) {
    all.set(list, count)
    count += list.length
  }
  all.sort()
  let kept = 1
  for (let i = 1; i < all.length; i++) if (all[i] !== all[i - 1]) all[kept++] = all[i]
  return all.subarray(0, Math.min(kept, all.length))
}

/** The first place from `from` whose value is at least `ref`. */
function lowerBound(list: Uint32Array, ref: number, from: number): number {
  let low = from
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle] < ref) low = middle + 1
    else high = middle
  }
  return low
}
