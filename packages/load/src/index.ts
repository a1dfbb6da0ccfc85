export { parseLoadArgs, type LoadArgs } from './args.ts'
export type {
  CheckReport,
  DataChecks,
  LimitClass,
  LimitLevel,
  LimitReport,
  LoadIo,
  LoadOptions,
  Logger,
  PromqlQuery,
  RunReport,
  SuspectReport,
  ThresholdReport,
} from './api.ts'
export { EXIT, LoadError } from './errors.ts'
export { runLoad } from './run.ts'
