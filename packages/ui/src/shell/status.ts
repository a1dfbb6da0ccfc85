import { createContext, useContext } from 'react'
import type { Status } from '../api/vigie.ts'

export const StatusContext = createContext<Status | undefined>(undefined)

/** /api/vigie/status as last read; undefined until it has answered. */
export const useStatus = (): Status | undefined => useContext(StatusContext)
