/** State kept in the address: read and written by name, everything else in the query left alone. */
import { useCallback } from 'react'
import { useLocation, useSearch } from 'wouter'
import { withParams, type ParamChange } from './params.ts'

/** The query's parameters and a setter; `push` makes a step that Back returns from. */
export function useParams(): [URLSearchParams, (change: ParamChange, push?: boolean) => void] {
  const search = useSearch()
  const [path, navigate] = useLocation()
  const set = useCallback(
    (change: ParamChange, push = false) => {
      // The address itself, so that two changes in one turn do not undo each other.
      const next = withParams(window.location.search, change)
      navigate(next ? `${path}?${next}` : path, { replace: !push })
    },
    [path, navigate],
  )
  return [new URLSearchParams(search), set]
}
