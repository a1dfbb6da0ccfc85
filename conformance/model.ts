/** Vectors of `model`: label matchers against 68 values, and durations. */
import { readFileSync } from 'node:fs'
import { compileAnchored } from '@vigie/model'
import type { SuiteResult } from './suite.ts'

interface RegexVectors {
  regexes: { regex: string; matchingValueIndexes: number[]; error?: string }[]
  values: string[]
}

export function runRegex(vectorsDir: string): Promise<SuiteResult> {
  const vectors: RegexVectors = JSON.parse(
    readFileSync(`${vectorsDir}/promql/matcher-regex.json`, 'utf8'),
  )
  const failures: SuiteResult['failures'] = []
  for (const { regex, matchingValueIndexes } of vectors.regexes) {
    const matches = compileAnchored(regex)
    const got = vectors.values.flatMap((value, index) => (matches(value) ? [index] : []))
    if (got.join() !== matchingValueIndexes.join())
      failures.push({
        name: regex,
        reason: `matches ${got.join()}, want ${matchingValueIndexes.join()}`,
      })
  }
  const total = vectors.regexes.length
  return Promise.resolve({ suite: 'regex', passed: total - failures.length, total, failures })
}
