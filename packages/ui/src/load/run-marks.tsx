/** Load runs as marks on a page's charts, and the switch that hides them. */
import { useMemo, useRef, useState, type ReactElement, type ReactNode } from 'react'
import type { Run } from '../api/vigie.ts'
import { useApi, useLoaded } from '../api/use-api.ts'
import type { ChartMark } from '../charts/chart.ts'
import { ChartMarksContext } from '../charts/marks.tsx'
import { Icon } from '../controls/icon.tsx'
import { runMarks } from './run-mark.ts'

const EVERY_MS = 5000
/** Marks of one page; the newest are kept. */
const RUNS_MAX = 100
const STORAGE_KEY = 'vigie.run-marks'
const MINUTE_MS = 60_000

export interface RunMarks {
  /** What the charts show. */
  marks: readonly ChartMark[]
  /** What there is to show. */
  count: number
  isShown: boolean
  toggle: () => void
}

/** Runs that began or ended within the range. */
export function useRunMarks(fromMs: number, toMs: number): RunMarks {
  const api = useApi()
  const [isShown, setShown] = useState(readChoice)
  const minute = (ms: number): number => Math.floor(ms / MINUTE_MS)
  const { data } = useLoaded<Run[]>(
    `run-marks:${minute(fromMs)}:${minute(toMs)}`,
    (signal) =>
      api.get(
        `/api/vigie/runs?limit=${RUNS_MAX}&from=${Math.floor(fromMs)}&to=${Math.ceil(toMs)}`,
        signal,
      ),
    EVERY_MS,
    true,
  )
  const latest = useRef<readonly ChartMark[]>(NONE)
  // Every chart is drawn again when they change, not when they are asked for again.
  const all = useMemo(() => {
    const next = runMarks(data ?? [], fromMs, toMs)
    if (JSON.stringify(next) !== JSON.stringify(latest.current)) latest.current = next
    return latest.current
  }, [data, fromMs, toMs])
  return {
    marks: isShown ? all : NONE,
    count: all.length,
    isShown,
    toggle: () => {
      setShown(!isShown)
      keepChoice(!isShown)
    },
  }
}

const NONE: readonly ChartMark[] = []

export function RunMarksProvider({
  marks,
  children,
}: {
  marks: RunMarks
  children: ReactNode
}): ReactElement {
  return <ChartMarksContext.Provider value={marks.marks}>{children}</ChartMarksContext.Provider>
}

/** Only there when there is something to show. */
export function RunMarksSwitch({ marks }: { marks: RunMarks }): ReactElement | null {
  if (marks.count === 0) return null
  const runs = marks.count === 1 ? '1 load run' : `${marks.count} load runs`
  return (
    <button
      type="button"
      className={marks.isShown ? 'btn on' : 'btn'}
      aria-pressed={marks.isShown}
      aria-label={`Show load runs on the charts (${marks.count})`}
      title={`${runs} in this range ${marks.isShown ? 'shown' : 'hidden'} on the charts`}
      data-testid="run-marks"
      onClick={marks.toggle}
    >
      <Icon name="load" size={13} />
      <span className="num">{marks.count}</span>
    </button>
  )
}

function readChoice(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== 'off'
  } catch {
    return true
  }
}

function keepChoice(isShown: boolean): void {
  try {
    localStorage.setItem(STORAGE_KEY, isShown ? 'on' : 'off')
  } catch {
    // Storage can be forbidden; the choice then lasts until the page is closed.
  }
}
