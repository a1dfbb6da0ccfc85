import { expect, test } from 'vitest'
import { countBySeverity, severityTone, sortAlerts } from './severity.ts'

/** `name state severity minute`. */
function alert(text: string) {
  const [alertname, state, severity, minute] = text.split(' ') as [string, string, string, string]
  return {
    labels: { alertname, ...(severity === '-' ? {} : { severity }) } as Record<string, string>,
    state: state as 'firing' | 'pending',
    activeAt: `2026-11-22T14:${minute}:00Z`,
  }
}

test('firing first, then the severest, then the newest', () => {
  const alerts = [
    'pendingCritical pending critical 05',
    'info firing info 09',
    'oldPage firing page 01',
    'newCritical firing CRITICAL 03',
    'unnamed firing - 04',
    'warning firing warning 02',
  ].map(alert)
  expect(sortAlerts(alerts).map((one) => one.labels['alertname'])).toEqual([
    'newCritical',
    'oldPage',
    'unnamed',
    'warning',
    'info',
    'pendingCritical',
  ])
})

test.each([
  ['critical', 'crit'],
  ['error', 'crit'],
  ['warning', 'warn'],
  [undefined, 'warn'],
  ['info', 'info'],
  ['none', 'info'],
])('severity %s is %s', (severity, tone) => expect(severityTone(severity)).toBe(tone))

test('counts by severity, the severest first', () => {
  const alerts = [
    'a firing warning 01',
    'b firing critical 01',
    'c firing warning 01',
    'd firing - 01',
  ]
  expect(countBySeverity(alerts.map(alert))).toEqual([
    ['critical', 1],
    ['warning', 2],
    ['none named', 1],
  ])
})
