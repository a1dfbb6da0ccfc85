/** Reading from Vigie in a component: load, keep showing the old answer while a new one comes, repeat. */
import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react'
import type { Api } from './client.ts'

export const ApiContext = createContext<Api | null>(null)

export function useApi(): Api {
  const api = useContext(ApiContext)
  if (!api) throw new Error('BUG: useApi outside of ApiContext')
  return api
}

export interface Loaded<T> {
  /** The newest answer, also while the next is being fetched and after it failed. */
  data: T | undefined
  /** Why the last try failed; undefined after a success. */
  error: Error | undefined
  isLoading: boolean
  reload: () => void
}

interface State<T> {
  key: string
  data: T | undefined
  error: Error | undefined
  isLoading: boolean
}

/**
 * Calls `load` when `key` changes and then every `everyMs` (0: once), one call at a time and not while
 * the tab is hidden. `key` also names the answer to be remembered, so it must say all that `load`
 * depends on. With `keepData` the old answer stays in view when the key changes.
 */
export function useLoaded<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs = 0,
  keepData = false,
): Loaded<T> {
  const api = useApi()
  const [state, setState] = useState<State<T>>(() => initial(api, key))
  const [turn, setTurn] = useState(0)
  const latest = useRef(load)
  latest.current = load

  useEffect(() => {
    if (key === null) return
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    setState((old) => ({
      key,
      data: api.recall<T>(key) ?? (keepData || old.key === key ? old.data : undefined),
      error: undefined,
      isLoading: true,
    }))
    const run = async (): Promise<void> => {
      try {
        const data = await latest.current(abort.signal)
        if (abort.signal.aborted) return
        api.remember(key, data)
        setState({ key, data, error: undefined, isLoading: false })
      } catch (error) {
        if (abort.signal.aborted) return
        setState((old) => ({ ...old, error: asError(error), isLoading: false }))
      }
      if (everyMs > 0) timer = setTimeout(again, everyMs)
    }
    // Waits for the tab to be seen again instead of polling behind its back.
    const again = (): void => {
      if (document.hidden) {
        document.addEventListener('visibilitychange', again, {
          once: true,
          signal: abort.signal,
        })
      } else void run()
    }
    void run()
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [api, key, everyMs, turn, keepData])

  const reload = useCallback(() => setTurn((n) => n + 1), [])
  const isCurrent = state.key === key || keepData
  return {
    data: isCurrent ? state.data : key === null ? undefined : api.recall<T>(key),
    error: isCurrent ? state.error : undefined,
    isLoading: key !== null && (state.isLoading || state.key !== key),
    reload,
  }
}

function initial<T>(api: Api, key: string | null): State<T> {
  return {
    key: key ?? '',
    data: key === null ? undefined : api.recall<T>(key),
    error: undefined,
    isLoading: key !== null,
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** GET /api/vigie/<path>, repeated. */
export function useVigie<T>(path: string | null, everyMs = 0): Loaded<T> {
  const api = useApi()
  return useLoaded<T>(path, (signal) => api.get<T>(`/api/vigie/${path}`, signal), everyMs)
}
