/** `datasources:` and `checks:` of the configuration file. */
import type { Report } from '../problem-report.ts'
import type { CheckConfig, Datasource } from './check-config.ts'

/** Checks the plain values of both sections (undefined: absent). The result is usable only when nothing was reported. */
export function parseChecks(
  _datasources: unknown,
  _checks: unknown,
  _report: Report,
): { datasources: Datasource[]; checks: CheckConfig[] } {
  throw new Error('not yet')
}
