import type { ReactElement } from 'react'
import type { Run } from '../api/vigie.ts'
import { Pill, type Tone } from '../controls/feedback.tsx'
import type { IconName } from '../controls/icon.tsx'

const FACE: Record<Run['state'], { tone: Tone; icon: IconName; text: string }> = {
  running: { tone: 'info', icon: 'play', text: 'Running' },
  passed: { tone: 'ok', icon: 'ok', text: 'Passed' },
  failed: { tone: 'crit', icon: 'down', text: 'Failed' },
  aborted: { tone: 'warn', icon: 'warn', text: 'Aborted' },
  error: { tone: 'crit', icon: 'warn', text: 'Error' },
}

export function RunPill({ state }: { state: Run['state'] }): ReactElement {
  const { tone, icon, text } = FACE[state]
  return (
    <Pill tone={tone} icon={icon}>
      {text}
    </Pill>
  )
}
