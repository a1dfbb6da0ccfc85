export { parseLoadArgs, type LoadArgs } from './args.ts'
export type { LoadIo, LoadOptions, Logger, PromqlQuery, RunReport, ThresholdReport } from './api.ts'
export { EXIT, LoadError } from './errors.ts'
export { runLoad } from './run.ts'
