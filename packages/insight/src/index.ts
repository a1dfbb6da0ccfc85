export { bootstrapInterval, type BootstrapOptions } from './bootstrap.ts'
export {
  type CapacityLevel,
  type CapacityResult,
  type FailureClass,
  type FailureReason,
  type LoadUnit,
  loadText,
} from './capacity-result.ts'
export {
  CapacitySearch,
  DISCARDED_SHARE,
  type CapacitySearchOptions,
  type HoldObservation,
  type LoadWindow,
  type SearchStep,
} from './capacity-search.ts'
export {
  compareRuns,
  type CompareOptions,
  type ComparedRun,
  type Comparison,
  type ComparisonRow,
  type FigureKind,
  type RowVerdict,
  type RunFigure,
} from './compare/compare.ts'
export {
  comparedRun,
  segmentPlan,
  withSegments,
  type RunSummary,
  type SegmentPlan,
  type SegmentQuery,
} from './compare/figures.ts'
export { change as changeText } from './compare/sentence.ts'
export { spreadOfRuns, type FigureSpread } from './compare/spread.ts'
export { ksDistance } from './distance.ts'
export { fitHinge, type HingeFit, type HingePoint } from './fits/hinge.ts'
export { kneeOf, type KneedleOptions } from './fits/kneedle.ts'
export { fitUsl, type UslFit, type UslPoint } from './fits/usl.ts'
export { demandOf, type Demand } from './fits/utilisation.ts'
export { findSuspects, type Suspect, type SuspectInput } from './suspects/suspects.ts'
export type { ScoreParts, SuspectKind } from './suspects/judge.ts'
export type { SuspectLevel, SuspectSeries } from './suspects/series.ts'
