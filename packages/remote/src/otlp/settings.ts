/** `otlp:` of the configuration. */
import type { Strategy } from './names.ts'

export interface OtlpSettings {
  strategy: Strategy
  /** Resource attributes that become labels of every series: those named, or all but those named. */
  promoted: { isAllBut: boolean; names: ReadonlySet<string> }
  /** `target_info` also has the attributes that `job` and `instance` are made of. */
  keepIdentifying: boolean
  /** Histograms with explicit bounds become native ones with custom buckets. */
  toCustomBuckets: boolean
  /** The scope's name, version, address and attributes become labels. */
  promoteScope: boolean
  isUnderscoreMarked: boolean
  areUnderscoresKept: boolean
}

export const OTLP_DEFAULTS: OtlpSettings = {
  strategy: 'UnderscoreEscapingWithSuffixes',
  promoted: { isAllBut: false, names: new Set() },
  keepIdentifying: false,
  toCustomBuckets: false,
  promoteScope: false,
  isUnderscoreMarked: true,
  areUnderscoresKept: true,
}

/** What the command line has to say of it. */
export interface OtlpSwitches {
  /** Deltas are stored as they come; otherwise they are refused. */
  takesDeltas: boolean
  /** `__type__` and `__unit__`. */
  hasTypeAndUnit: boolean
  lookbackMs: number
}
