/**
 * How well a name fits what somebody typed: 0 not at all, 1 as well as can be. The formulas are those
 * of Prometheus's search API.
 */

export type Scorer = (name: string) => number

export interface ScorerOptions {
  /** 'subsequence': the letters in their order. 'jarowinkler': as part of the name, or nearly so. */
  algorithm: 'subsequence' | 'jarowinkler'
  /** 0 to 1; a name that fits less does not fit. */
  threshold: number
  isCaseSensitive: boolean
}

/** Over several terms the best counts; without any all names fit. */
export function makeScorer(terms: readonly string[], options: ScorerOptions): Scorer {
  const { isCaseSensitive, algorithm, threshold } = options
  const fold = (text: string): string => (isCaseSensitive ? text : text.toLowerCase())
  const folded = terms.map(fold).filter((term) => term !== '')
  if (folded.length < Math.max(1, terms.length)) return () => 1
  const score = algorithm === 'subsequence' ? subsequenceScore : nearScore
  return (name) => {
    const text = fold(name)
    const best = Math.max(...folded.map((term) => score(term, text, threshold)))
    return best >= threshold ? best : 0
  }
}

/** What begins with the term fits best of all. */
function subsequenceScore(term: string, text: string): number {
  if (text.startsWith(term)) return 1
  const [wanted, given] = [Array.from(term), Array.from(text)]
  let best = 0
  for (let start = 0; start + wanted.length <= given.length; start++) {
    if (given[start] !== wanted[0]) continue
    const score = scoreFrom(start, wanted, given)
    // From further on there is only less to find the rest in.
    if (score === undefined) break
    best = Math.max(best, score)
  }
  return best / wanted.length ** 2
}

/**
 * The sum of the squares of runs, less the share of the text that lies before and between them, and half
 * the share behind. Takes each letter as soon as it comes; undefined when they do not all come.
 */
function scoreFrom(start: number, wanted: string[], given: string[]): number | undefined {
  let score = 0
  let at = start
  /** First letter behind the last run. */
  let behind = 0
  for (let next = 0; next < wanted.length;) {
    at = given.indexOf(wanted[next], at)
    if (at < 0) return undefined
    let run = 0
    while (next < wanted.length && given[at + run] === wanted[next]) {
      run++
      next++
    }
    score += run * run - (at - behind) / given.length
    at += run
    behind = at
  }
  return score - (given.length - behind) / given.length / 2
}

const PART_SCORE = 0.9

function nearScore(term: string, text: string, threshold: number): number {
  if (text.startsWith(term)) return 1
  if (text.includes(term)) return Math.max(PART_SCORE, threshold)
  return threshold < 1 ? jaroWinkler(Array.from(term), Array.from(text)) : 0
}

const PREFIX_MAX = 4
const PREFIX_WEIGHT = 0.1

/** Winkler, "String Comparator Metrics and Enhanced Decision Rules", 1990. */
function jaroWinkler(a: readonly string[], b: readonly string[]): number {
  const jaro = jaroOf(a, b)
  let prefix = 0
  while (prefix < Math.min(PREFIX_MAX, a.length, b.length) && a[prefix] === b[prefix]) prefix++
  return jaro + prefix * PREFIX_WEIGHT * (1 - jaro)
}

function jaroOf(a: readonly string[], b: readonly string[]): number {
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1)
  const taken = b.map(() => false)
  const matched = a.filter((letter, i) => {
    for (let k = Math.max(0, i - reach); k < Math.min(b.length, i + reach + 1); k++) {
      if (taken[k] || b[k] !== letter) continue
      taken[k] = true
      return true
    }
    return false
  })
  if (matched.length === 0) return 0
  const other = b.filter((_, k) => taken[k])
  const swapped = matched.filter((letter, i) => letter !== other[i]).length / 2
  const count = matched.length
  return (count / a.length + count / b.length + (count - swapped) / count) / 3
}
