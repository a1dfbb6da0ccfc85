/** Text of a value that a script handed over. */

/** As the script's own `String(value)`, whatever it is. */
export function textOf(value: unknown): string {
  // oxlint-disable-next-line typescript/no-base-to-string -- the script decides what it hands over
  return String(value)
}
