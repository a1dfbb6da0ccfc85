/** Rules and alerts as `/api/v1/rules` and `/api/v1/alerts` serve them: keys and order are Prometheus's. */

export interface GroupStatus {
  name: string
  file: string
  rules: RuleStatus[]
  /** Seconds. */
  interval: number
  limit: number
  /** Seconds the last evaluation took. */
  evaluationTime: number
  /** RFC 3339; year 1 before the first. */
  lastEvaluation: string
}

export type RuleStatus = AlertingStatus | RecordingStatus

interface CommonStatus {
  name: string
  query: string
  labels: Record<string, string>
  health: 'unknown' | 'ok' | 'err'
  lastError?: string
  evaluationTime: number
  lastEvaluation: string
}

export interface RecordingStatus extends CommonStatus {
  type: 'recording'
}

export interface AlertingStatus extends CommonStatus {
  type: 'alerting'
  state: 'unknown' | 'inactive' | 'pending' | 'firing'
  /** Seconds. */
  duration: number
  keepFiringFor: number
  annotations: Record<string, string>
  alerts: AlertStatus[]
}

export interface AlertStatus {
  labels: Record<string, string>
  annotations: Record<string, string>
  state: 'pending' | 'firing'
  /** RFC 3339. */
  activeAt: string
  keepFiringSince?: string
  /** As Go prints a float with the 'e' format. */
  value: string
}
