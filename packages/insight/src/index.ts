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
export { ksDistance } from './distance.ts'
export { findSuspects, type Suspect, type SuspectInput } from './suspects/suspects.ts'
export type { ScoreParts, SuspectKind } from './suspects/judge.ts'
export type { SuspectLevel, SuspectSeries } from './suspects/series.ts'
