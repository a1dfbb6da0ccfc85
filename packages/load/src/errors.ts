/** What ends a load run early, and the exit code each ending has (k6's codes). */

/** k6's exit codes. `alias k6=vigie` in CI must see the same numbers. */
export const EXIT = {
  ok: 0,
  thresholdsFailed: 99,
  setupTimeout: 100,
  teardownTimeout: 101,
  genericTimeout: 102,
  invalidConfig: 104,
  externalAbort: 105,
  scriptException: 107,
  scriptAborted: 108,
  internal: 109,
  markedFailed: 110,
  other: 255,
} as const

/** A run that cannot go on for a reason that its user can mend. `exitCode` is one of EXIT. */
export class LoadError extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LoadError'
    this.exitCode = exitCode
  }
}
