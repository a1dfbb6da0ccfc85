/** Whether a group is worth a notification, given what its receiver was told last. */

export interface LogEntry {
  timeMs: number
  /** Fingerprints of the alerts it was told about. */
  firing: readonly string[]
  resolved: readonly string[]
}

export type Reason =
  | 'first notification'
  | 'new alerts added'
  | 'all alerts resolved'
  | 'some alerts resolved'
  | 'repeat interval elapsed'

export interface GroupState {
  firing: ReadonlySet<string>
  resolved: ReadonlySet<string>
}

/** Why to notify at `dueMs`, or undefined for not. Rules: Alertmanager's. */
export function reasonToNotify(
  entry: LogEntry | undefined,
  { firing, resolved }: GroupState,
  dueMs: number,
  repeatIntervalMs: number,
  isResolvedSent: boolean,
): Reason | undefined {
  // Nobody needs to hear that something is over that they never heard of.
  if (entry === undefined) return firing.size > 0 ? 'first notification' : undefined
  const told = new Set(entry.firing)
  if (![...firing].every((one) => told.has(one)))
    return told.size === 0 ? 'first notification' : 'new alerts added'
  if (firing.size === 0) return told.size > 0 ? 'all alerts resolved' : undefined
  const toldResolved = new Set(entry.resolved)
  if (isResolvedSent && ![...resolved].every((one) => toldResolved.has(one)))
    return 'some alerts resolved'
  return entry.timeMs < dueMs - repeatIntervalMs ? 'repeat interval elapsed' : undefined
}
