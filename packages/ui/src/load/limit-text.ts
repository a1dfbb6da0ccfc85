/** A search for the limit in words. */
import type { LimitReport } from '../api/vigie.ts'
import { formatCount } from '../time/format.ts'
import { sentence } from './sentence.ts'

export const loadText = (unit: LimitReport['unit'], load: number): string =>
  unit === 'vus'
    ? `${formatCount(load)} ${load === 1 ? 'user' : 'users'}`
    : `${formatCount(load)} iterations/s`

const PHASES: Record<LimitReport['phase'], string> = {
  baseline: 'Measuring the servers at rest.',
  up: 'Raising the load until something gives.',
  bisect: 'Narrowing down between what held and what did not.',
  confirm: 'Holding just below the limit for longer, to be sure.',
  done: '',
  interrupted: 'The search was interrupted.',
}

/** The answer in a line; while it is looked for, how far. */
export function limitVerdict({
  unit,
  phase,
  sustained,
}: Pick<LimitReport, 'unit' | 'phase' | 'sustained'>): string {
  if (phase !== 'done') {
    const soFar = sustained === null ? '' : ` ${loadText(unit, sustained)} held so far.`
    return `Looking for the limit. ${PHASES[phase]}${soFar}`
  }
  return sustained === null
    ? 'Not even the smallest load was sustained.'
    : `It sustains ${loadText(unit, sustained)}.`
}

/** Where the search is, and what is known: in the words of the search itself once there are any. */
export function limitSentence(limit: LimitReport): string {
  const { unit, phase, sustained, failed, isConfirmed, why } = limit
  const isOver = phase === 'done' || phase === 'interrupted'
  const parts = [PHASES[phase]]
  if (why !== null && (isOver || failed !== null)) parts.push(sentence(why))
  else if (sustained !== null) parts.push(`${loadText(unit, sustained)} held so far.`)
  if (isConfirmed === false) parts.push('A longer hold just below did not confirm it.')
  return parts.filter((part) => part !== '').join(' ')
}
