import type { ReactElement } from 'react'
import type { Check } from '../api/vigie.ts'
import { Pill } from '../controls/feedback.tsx'
import { severityTone } from './severity.ts'

export function CheckPill({ check }: { check: Check }): ReactElement {
  switch (check.state) {
    case 'ok':
      return <Pill tone="ok">Holds</Pill>
    case 'violated':
      return (
        <Pill tone={severityTone(check.severity)} icon="down">
          Violated
        </Pill>
      )
    case 'error':
      return <Pill tone="warn">Cannot tell</Pill>
    case 'pending':
      return (
        <Pill tone="muted" icon="clock">
          Waiting
        </Pill>
      )
  }
}
