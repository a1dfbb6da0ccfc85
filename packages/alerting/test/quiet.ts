import type { Logger } from '../src/index.ts'

const nothing = (): void => {}

/** A log that says nothing. */
export const quiet: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
