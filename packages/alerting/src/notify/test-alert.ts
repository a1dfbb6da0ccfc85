/** The alert behind "send a test". */
import { Labels } from '@vigie/model'
import type { Alert } from '../alert.ts'

export function testAlert(receiver: string, timeMs: number, externalUrl: string): Alert {
  return {
    labels: Labels.fromObject({ alertname: 'VigieTest', receiver, severity: 'info' }),
    annotations: new Map([
      ['summary', 'This is a test from Vigie'],
      ['description', `Somebody asked Vigie to send a test to ${receiver}. Nothing is wrong.`],
    ]),
    startsAtMs: timeMs,
    endsAtMs: timeMs + 300_000,
    generatorUrl: externalUrl,
    sample: null,
  }
}
