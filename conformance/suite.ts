/** What one suite found in its vectors. */
export interface SuiteResult {
  suite: string
  passed: number
  total: number
  failures: { name: string; reason: string }[]
  /** Figures beside the suite's own, for what a later version will count: printed, not compared. */
  beside?: { suite: string; passed: number; total: number }[]
}

/** A suite: reads its vectors below `vectorsDir` and runs all of them. Throws when they are missing. */
export type Suite = (vectorsDir: string) => Promise<SuiteResult>
