/** `alertmanager:` of the configuration file, or a whole alertmanager.yml. */
import type { KeyPath, Report } from '../problem-report.ts'
import type { AlertmanagerConfig } from './routing-config.ts'

/**
 * Checks a plain value as read from YAML. Problems go to `report`, keys that are known but not
 * served to `warn`. The result is usable only when nothing was reported.
 */
export function parseAlertmanagerConfig(
  _value: unknown,
  _path: KeyPath,
  _report: Report,
  _warn: Report,
): AlertmanagerConfig {
  throw new Error('not yet')
}
