export { type FindLimitArgs, parseLoadArgs, type LoadArgs } from './args.ts'
export type {
  CheckReport,
  DataChecks,
  LimitClass,
  LimitLevel,
  LimitReport,
  LoadController,
  LoadIo,
  LoadOptions,
  Logger,
  PromqlQuery,
  RunReport,
  RunWindow,
  SuspectFinder,
  SuspectReport,
  ThresholdReport,
} from './api.ts'
export { type LoadWindowReading, type WindowReason } from './limit/meter.ts'
export { type LoadDriver, type LoadSeat, SteeredRun } from './limit/steered-run.ts'
export { EXIT, LoadError } from './errors.ts'
export { type InspectOptions, inspectScript } from './inspect.ts'
export { runLoad } from './run.ts'
