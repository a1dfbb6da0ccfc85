/** The moment that relative times count from: moves on every `everyMs` while the tab is seen. */
import { useCallback, useEffect, useState } from 'react'

export function useClock(everyMs: number): [nowMs: number, tick: () => void] {
  const [nowMs, setNowMs] = useState(() => Date.now())
  const tick = useCallback(() => setNowMs(Date.now()), [])
  useEffect(() => {
    if (everyMs <= 0) return
    const abort = new AbortController()
    const timer = setInterval(() => {
      if (!document.hidden) tick()
    }, everyMs)
    document.addEventListener(
      'visibilitychange',
      () => {
        if (!document.hidden) tick()
      },
      { signal: abort.signal },
    )
    return () => {
      clearInterval(timer)
      abort.abort()
    }
  }, [everyMs, tick])
  return [nowMs, tick]
}
