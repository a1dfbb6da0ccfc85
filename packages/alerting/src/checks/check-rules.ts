/** The alerts of data checks. */
import type { AlertingDefinition } from '../rules/rule-group.ts'
import type { CheckConfig } from './check-config.ts'
import { showExpectation } from './expectation.ts'

/** Shown as the file of these rules. */
export const CHECKS_FILE = 'data checks'

export function checkRules(checks: readonly CheckConfig[]): AlertingDefinition[] {
  return [...checks.map(violated), notChecked()]
}

/** Text that a template prints as it is. */
const literal = (text: string): string => (text === '' ? '' : `{{ ${JSON.stringify(text)} }}`)

function violated(check: CheckConfig): AlertingDefinition {
  const name = JSON.stringify(check.name)
  const found = `{{ with query ${JSON.stringify(`invariant_violations{name=${name}}`)} }}{{ with . | first | value }}{{ . | humanize }} violation{{ if ne . 1.0 }}s{{ end }}; {{ end }}{{ end }}`
  const told = check.description === '' ? '' : `${literal(check.description)} `
  return {
    type: 'alerting',
    name: 'InvariantViolated',
    expr: `invariant_ok{name=${name}} == 0`,
    forMs: 0,
    keepFiringForMs: 0,
    labels: new Map(),
    annotations: new Map([
      ['summary', `The data is wrong: ${literal(check.name)}`],
      ['description', `${told}${found}expected ${literal(showExpectation(check.expectation))}.`],
      [
        'next_step',
        'The rows that came with this alert show what is wrong. Stop what writes them before mending them, and keep a copy.',
      ],
    ]),
  }
}

function notChecked(): AlertingDefinition {
  return {
    type: 'alerting',
    name: 'InvariantNotChecked',
    expr: 'invariant_checked == 0',
    forMs: 0,
    keepFiringForMs: 0,
    labels: new Map([['severity', 'warning']]),
    annotations: new Map([
      ['summary', 'Nobody knows whether {{ $labels.name }} holds'],
      [
        'description',
        'The check has had no answer for three of its intervals, so it says nothing about the data any more.',
      ],
      [
        'next_step',
        'Its error is shown with the checks. Can its database or address be reached from here?',
      ],
    ]),
  }
}
